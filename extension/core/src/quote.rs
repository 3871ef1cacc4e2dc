//! Quoting of identifiers for the few statements that must be put together as text.

/// `name` as an SQL identifier, always quoted, so that no keyword list is needed.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as an SQL string, whatever `standard_conforming_strings` says.
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// The names in a comma-separated list of identifiers, quoted or not, as in a setting.
pub fn identifier_list(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => name.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => names.push(std::mem::take(&mut name)),
            c if quoted => name.push(c),
            c if c.is_whitespace() => {}
            c => name.extend(c.to_lowercase()),
        }
    }
    names.push(name);
    names.retain(|n| !n.is_empty());
    names
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
    fn quotes_are_doubled() {
        assert_eq!(identifier(r#"a"b"#), r#""a""b""#);
    }

    #[test]
    fn strings_are_quoted_with_their_backslashes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\n"), r"E'a\\n'");
    }

    #[test]
    fn lists_of_identifiers_are_taken_apart_as_postgresql_does() {
        assert_eq!(
            identifier_list(r#" public, Ext ,"My ""x"", y" "#),
            ["public", "ext", r#"My "x", y"#]
        );
        assert!(identifier_list("  ").is_empty());
    }

    #[test]
    fn temporary_objects_come_last_in_the_path() {
        assert_eq!(search_path("t_x", &["public".to_owned()]), r#""t_x", "public", pg_temp"#);
    }
}
