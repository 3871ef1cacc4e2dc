//! The names of what deparsed queries select. PostgreSQL prints `SELECT 'x'` of a union's second arm
//! as `SELECT 'x'::text`: it leaves out the name `?column?`, but reads a cast as a name. Written out,
//! the same query comes out.

use super::mentions::literals;
use std::ops::Range;

const NAMELESS: &str = " AS \"?column?\"";

/// What may stand behind a select list.
const ENDS: [&str; 16] = [
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "FOR",
    "ON",
    "RETURNING",
    "WITH",
];

/// The statement with the name of each selected expression that is printed without one.
pub fn keep(text: &str) -> String {
    if !text.contains("SELECT") {
        return text.to_owned();
    }
    let words = words(text);
    let mut ends: Vec<usize> = (0..words.len())
        .filter(|at| words[*at].1 == "SELECT" && begins_query(&words[..*at]))
        .flat_map(|at| nameless(text, &words[at + 1..]))
        .collect();
    ends.sort_unstable();
    let mut kept = String::with_capacity(text.len() + ends.len() * NAMELESS.len());
    let mut written = 0;
    for end in ends {
        kept.push_str(&text[written..end]);
        kept.push_str(NAMELESS);
        written = end;
    }
    kept.push_str(&text[written..]);
    kept
}

/// Not so in GRANT INSERT, SELECT, in a policy FOR SELECT, and in a rule ON SELECT.
fn begins_query(before: &[(usize, &str)]) -> bool {
    before.last().is_none_or(|word| !["GRANT", ",", "FOR", "ON"].contains(&word.1))
}

/// Where the expressions without a name end in the select list that these words begin with.
fn nameless(text: &str, words: &[(usize, &str)]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut item: Vec<(usize, &str)> = Vec::new();
    let mut depth = 0_usize;
    for (index, word) in words.iter().enumerate().skip(distinct(words)) {
        let follows = words.get(index + 1).map(|next| next.1);
        let is_end = depth == 0 && ends_list(word.1, follows);
        if is_end || depth == 0 && word.1 == "," {
            ends.extend(end_of_nameless(text, &item));
            item.clear();
        } else {
            depth = step(depth, word.1);
            item.push(*word);
        }
        if is_end {
            return ends;
        }
    }
    ends.extend(end_of_nameless(text, &item));
    ends
}

fn ends_list(word: &str, follows: Option<&str>) -> bool {
    match word {
        ")" | "]" | ";" => true,
        // The other GROUP is WITHIN.
        "GROUP" => follows == Some("BY"),
        _ => ENDS.contains(&word),
    }
}

fn step(depth: usize, word: &str) -> usize {
    match word {
        "(" | "[" => depth + 1,
        ")" | "]" => depth.saturating_sub(1),
        _ => depth,
    }
}

/// How many words are DISTINCT ON and its list.
fn distinct(words: &[(usize, &str)]) -> usize {
    let word = |at: usize| words.get(at).map(|word| word.1);
    match (word(0), word(1)) {
        (Some("DISTINCT"), Some("ON")) => {
            let mut depth = 0;
            let closing = words.iter().skip(2).position(|word| {
                depth = step(depth, word.1);
                depth == 0
            });
            closing.map_or(words.len(), |at| at + 3)
        }
        (Some("DISTINCT"), _) => 1,
        _ => 0,
    }
}

/// A column prints as names and dots, whatever else has another name with AS.
fn end_of_nameless(text: &str, item: &[(usize, &str)]) -> Option<usize> {
    let last = item.last()?;
    let is_column = item.iter().all(|word| word.1 == "." || word.1 == "*" || is_name(word.1));
    let is_constant = item.len() == 1 && ["true", "false"].contains(&last.1);
    let mut depth = 0;
    let is_named = item.iter().any(|word| {
        depth = step(depth, word.1);
        depth == 0 && word.1 == "AS"
    });
    let end = last.0 + last.1.len();
    (!is_named && (is_constant || !is_column)).then(|| text[..end].len())
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"')
}

/// Words, names in quotes, strings and single signs, with their places.
fn words(text: &str) -> Vec<(usize, &str)> {
    let strings = literals(text);
    let mut strings = strings.iter().peekable();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        while strings.next_if(|string| string.end <= at).is_some() {}
        let place = match strings.peek() {
            Some(string) if string.start == at => (*string).clone(),
            _ => word(text, at, first),
        };
        if !first.is_whitespace() {
            words.push((at, &text[place.clone()]));
        }
        at = place.end;
    }
    words
}

fn word(text: &str, at: usize, first: char) -> Range<usize> {
    let belongs = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let rest = &text[at + first.len_utf8()..];
    let length = match first {
        '"' => rest.find('"').map_or(rest.len(), |end| end + 1),
        _ if belongs(first) => rest.find(|c| !belongs(c)).unwrap_or(rest.len()),
        _ => 0,
    };
    at..at + first.len_utf8() + length
}

#[cfg(test)]
mod tests {
    use super::keep;

    #[test]
    fn an_expression_printed_without_a_name_gets_it() {
        for (text, kept) in [
            (
                " SELECT t.a,\n    NULL::integer AS b\n   FROM t\nUNION\n SELECT u.a,\n    NULL::integer\n   FROM u",
                " SELECT t.a,\n    NULL::integer AS b\n   FROM t\nUNION\n SELECT u.a,\n    NULL::integer AS \"?column?\"\n   FROM u",
            ),
            ("SELECT DISTINCT true", "SELECT DISTINCT true AS \"?column?\""),
            (
                "SELECT DISTINCT ON ((f(a, b))) a, ('FROM'::text COLLATE \"C\") LIMIT 1",
                "SELECT DISTINCT ON ((f(a, b))) a, ('FROM'::text COLLATE \"C\") AS \"?column?\" LIMIT 1",
            ),
            (
                "(EXISTS ( SELECT 1 FROM t WHERE ( SELECT 'a'::text) = 'b'))",
                "(EXISTS ( SELECT 1 AS \"?column?\" FROM t WHERE ( SELECT 'a'::text AS \"?column?\") = 'b'))",
            ),
            (
                "SELECT ( SELECT 'a'::text), 'b'::text WITH NO DATA",
                "SELECT ( SELECT 'a'::text AS \"?column?\") AS \"?column?\", 'b'::text AS \"?column?\" WITH NO DATA",
            ),
        ] {
            assert_eq!(keep(text), kept);
        }
    }

    #[test]
    fn columns_and_what_has_a_name_stay_as_they_are() {
        for text in [
            "SELECT a, t.b, \"SELECT\".\"a, b\" FROM t",
            "SELECT FROM t",
            "SELECT 'SELECT 1' AS text, CASE WHEN a THEN 1 END AS \"case\"",
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) AS m, b FROM t GROUP BY b",
            "SELECT new.* FROM t",
            "'SELECT 1'",
            "GRANT INSERT, SELECT (a + b) ON t TO u",
            "CREATE POLICY p ON t FOR SELECT TO u USING ((a > 1))",
        ] {
            assert_eq!(keep(text), text);
        }
    }
}
