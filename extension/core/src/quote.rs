//! Quoting of identifiers and literals for the few statements that must be put together as text.

/// `name` as an SQL identifier, always quoted, so that no keyword list is needed.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as an SQL literal that means the same with either `standard_conforming_strings`.
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// The search path of a tenant: its own schema, the shared ones, and temporary objects last, so
/// that a temp table never shadows a real one.
pub fn search_path(schema: &str, shared: &[String]) -> String {
    let mut path = vec![identifier(schema)];
    path.extend(shared.iter().map(|s| identifier(s)));
    path.push("pg_temp".to_owned());
    path.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_backslashes_kept() {
        assert_eq!(identifier(r#"a"b"#), r#""a""b""#);
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\b'"), r"E'a\\b'''");
    }

    #[test]
    fn temporary_objects_come_last_in_the_path() {
        assert_eq!(search_path("t_x", &["public".to_owned()]), r#""t_x", "public", pg_temp"#);
    }
}
