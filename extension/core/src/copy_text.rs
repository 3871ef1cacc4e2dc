//! The text format of COPY: how a row is written so that COPY FROM reads the same values again.

/// A row as a line, without its end: fields between tabs, `\N` for NULL, nothing that could be
/// taken for the end of a field, of a line or of the rows.
pub fn line<'a>(fields: impl Iterator<Item = Option<&'a str>>) -> String {
    let mut line = String::new();
    for (at, field) in fields.enumerate() {
        if at > 0 {
            line.push('\t');
        }
        match field {
            None => line.push_str("\\N"),
            Some(text) => escape(text, &mut line),
        }
    }
    line
}

fn escape(text: &str, line: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '\n', '\r', '\t', '\u{8}', '\u{b}', '\u{c}']) {
        line.push_str(&rest[..at]);
        line.push('\\');
        // What is looked for is one byte long.
        line.push(match rest.as_bytes()[at] {
            b'\n' => 'n',
            b'\r' => 'r',
            b'\t' => 't',
            0x08 => 'b',
            0x0b => 'v',
            0x0c => 'f',
            _ => '\\',
        });
        rest = &rest[at + 1..];
    }
    line.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_between_tabs_and_null_is_not_empty() {
        assert_eq!(line([Some("a"), None, Some("")].into_iter()), "a\t\\N\t");
    }

    #[test]
    fn what_would_end_a_field_or_a_line_is_escaped() {
        assert_eq!(line([Some("a\tb\nc\rd\\e")].into_iter()), "a\\tb\\nc\\rd\\\\e");
        assert_eq!(line([Some("\u{8}\u{b}\u{c}ü")].into_iter()), "\\b\\v\\fü");
    }

    #[test]
    fn text_that_looks_like_the_end_or_like_null_is_neither() {
        assert_eq!(line([Some("\\.")].into_iter()), "\\\\.");
        assert_eq!(line([Some("\\N")].into_iter()), "\\\\N");
    }
}
