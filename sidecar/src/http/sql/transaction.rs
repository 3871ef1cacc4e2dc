//! Whether a statement begins or ends a transaction. Each request is one transaction of ours, so
//! such a statement is refused before anything runs. The server's transaction status is the
//! second line: what gets past this look closes the connection.

const WORDS: &[&str] = &["begin", "start", "commit", "end", "rollback", "abort"];

/// Looks at the first word; the extended protocol takes one statement, so there is no second.
pub fn is_control(query: &str) -> bool {
    let rest = skip_blank(query);
    let (word, rest) = word(rest);
    match word.to_ascii_lowercase().as_str() {
        // ROLLBACK PREPARED, COMMIT PREPARED and PREPARE TRANSACTION belong here as well.
        "prepare" => self::word(skip_blank(rest)).0.eq_ignore_ascii_case("transaction"),
        word => WORDS.contains(&word),
    }
}

fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at(end)
}

/// Skips white space, empty statements and comments, nested ones too.
fn skip_blank(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c', ';']);
        text = match text.as_bytes() {
            [b'-', b'-', ..] => text.find(['\n', '\r']).map_or("", |end| &text[end..]),
            [b'/', b'*', ..] => block_comment_end(text),
            _ => return text,
        };
    }
}

fn block_comment_end(text: &str) -> &str {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return &text[at..];
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_control_is_seen_through_comments_and_case() {
        for query in [
            "BEGIN",
            "commit;",
            " \n\tRollback AND CHAIN",
            "START TRANSACTION",
            "end",
            "abort",
            ";;COMMIT",
            "-- note\nCOMMIT",
            "/* a /* b */ c */COMMIT",
            "/**/--\r\n/* */ ROLLBACK TO a",
            "COMMIT PREPARED 'x'",
            "prepare /* */ transaction 'x'",
        ] {
            assert!(is_control(query), "{query}");
        }
    }

    #[test]
    fn other_statements_pass() {
        for query in [
            "",
            "SELECT 'COMMIT'",
            "-- COMMIT",
            "/* COMMIT",
            "/*",
            "SAVEPOINT a",
            "RELEASE a",
            "PREPARE transaction_log AS SELECT 1",
            "PREPARE a AS SELECT 1",
            "DO $$BEGIN END$$",
            "commits",
            "begin_x",
            "é",
        ] {
            assert!(!is_control(query), "{query}");
        }
    }
}
