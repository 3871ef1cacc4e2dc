//! What a tenant is told about a schema that it may not see: what PostgreSQL says, in the same
//! place, about one that does not exist. PostgreSQL's own "permission denied" would tell the two
//! apart.
//!
//! Nearly everywhere a missing schema is an error of its own. Where a statement reads or writes a
//! table, the table is missing instead. Both kinds of place report the position of the name, so the
//! text around it has to tell them apart.

use crate::lexer::{Token, tokens};

/// What takes the place of "permission denied for schema".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disguise {
    /// 3F000, `schema "s" does not exist`.
    Schema,
    /// 42P01, `relation "s.r" does not exist`, with the relation's name.
    Relation(Vec<u8>),
}

/// Whether a schema is one that every tenant knows of: PostgreSQL's and the extension's own.
pub fn is_system_schema(name: &[u8]) -> bool {
    name.starts_with(b"pg_")
        || matches!(name, b"information_schema" | b"tenancy" | b"tenancy_checked")
}

/// Decides from the statement's text and the reported position of the name, an offset into it.
pub fn of_hidden_schema(schema: &[u8], place: Option<(&[u8], usize)>) -> Disguise {
    let relation = place.and_then(|(text, position)| {
        let (before, name) = text.split_at_checked(position)?;
        let before = tokens(before);
        let has_columns = matches!(before.last(), Some(Token::Word(word)) if is(word, &["into"]));
        let name = relation_name(schema, name, has_columns)?;
        reads_table(&before).then_some(name)
    });
    relation.map_or(Disguise::Schema, Disguise::Relation)
}

/// The table's name in `schema.table` or `database.schema.table`; `None` when something else
/// stands there, or something follows that makes a type or a function of it.
fn relation_name(schema: &[u8], text: &[u8], has_columns: bool) -> Option<Vec<u8>> {
    let tokens = tokens(text);
    let mut parts = Vec::new();
    let mut rest = tokens.iter();
    while let Some(name) = rest.next().and_then(Token::name) {
        parts.push(name);
        match rest.next() {
            Some(Token::Sign(b'.')) => {}
            Some(Token::Literal) => return None,
            Some(Token::Sign(b'(')) if !has_columns => return None,
            _ => break,
        }
    }
    let relation = parts.pop()?;
    (parts.pop()? == schema).then_some(relation)
}

/// What starts a list of tables.
const TABLES_FOLLOW: &[&str] = &["from", "join", "into", "update", "only", "using"];

/// What starts a list of expressions: a comma behind it is no table's.
const EXPRESSIONS_FOLLOW: &[&str] = &[
    "select",
    "where",
    "having",
    "by",
    "set",
    "values",
    "returning",
    "execute",
    "call",
    "distinct",
];

/// What makes a table instead of reading one.
const MAKES: &[&str] =
    &["create", "temp", "temporary", "local", "global", "unlogged", "foreign", "alter"];

/// Whether a name behind these tokens is a table's that the statement reads or writes.
fn reads_table(before: &[Token]) -> bool {
    match before.split_last() {
        Some((Token::Word(word), rest)) if is(word, &["table"]) => {
            !matches!(rest.last(), Some(Token::Word(word)) if is(word, MAKES))
        }
        Some((Token::Word(word), _)) => is(word, TABLES_FOLLOW),
        Some((Token::Sign(b','), rest)) => continues_tables(rest),
        Some((Token::Sign(b'('), rest)) => reads_table(rest),
        _ => false,
    }
}

/// Whether a comma behind these tokens continues a list of tables.
fn continues_tables(before: &[Token]) -> bool {
    let mut depth = 0_usize;
    for (index, token) in before.iter().enumerate().rev() {
        match token {
            Token::Sign(b')') => depth += 1,
            Token::Sign(b'(') if depth == 0 => return reads_table(&before[..index]),
            Token::Sign(b'(') => depth -= 1,
            Token::Word(word) if depth == 0 && is(word, EXPRESSIONS_FOLLOW) => return false,
            Token::Word(word) if depth == 0 && is(word, TABLES_FOLLOW) => return true,
            _ => {}
        }
    }
    false
}

fn is(word: &[u8], words: &[&str]) -> bool {
    words.iter().any(|w| w.as_bytes() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands at `globex` in the text.
    fn at(text: &str) -> Disguise {
        let position = text.find("globex").or_else(|| text.find("\"Globex")).expect("the name");
        let schema: &[u8] = if text.contains("Globex") { b"Globex \"1\"" } else { b"globex" };
        of_hidden_schema(schema, Some((text.as_bytes(), position)))
    }

    fn table(name: &str) -> Disguise {
        Disguise::Relation(name.as_bytes().to_vec())
    }

    #[test]
    fn a_table_that_is_read_or_written_is_missing() {
        for text in [
            "SELECT * FROM globex.t",
            "SELECT * FROM globex.t, b",
            "select 1 from a, b, globex.T where x",
            "select 1 from a join b on a.x = b.x, globex.t",
            "select 1 from a left join globex.t on true",
            "select 1 from (globex.t join a on true)",
            "select 1 from only (globex.t)",
            "select 1 from ONLY globex.t",
            "select f(1, 2) from a, f(1, 2), /* , */ globex /* x */ . t",
            "insert into globex.t values (1)",
            "insert into globex.t (a, b) values (1)",
            "update globex.t set a = 1",
            "update a set b = 1 from globex.t",
            "delete from globex.t",
            "delete from a using b, globex.t",
            "merge into globex.t using a on true when matched then do nothing",
            "merge into a using globex.t on true when matched then do nothing",
            "table globex.t",
            "(table globex.t) union select 1",
            "select ', (' from a, globex.t",
            "select (select 1 from b, globex.t) from c",
            "select $$ select $$, 1 -- select\nfrom a, globex.t",
        ] {
            assert_eq!(at(text), table("t"), "{text}");
        }
    }

    #[test]
    fn elsewhere_the_schema_is_missing() {
        for text in [
            "select 1::globex.t",
            "select cast(1 as globex.t)",
            "select globex.t '1'",
            "select f(1, globex.t '1')",
            "select 1 from a, b where a.x = globex.t 'x'",
            "select a, globex.t '1' from b",
            "select * from json_to_record('{}') as x(a globex.t)",
            "select * from json_to_record('{}') as x(a int, b globex.t)",
            "create table globex.t (a int)",
            "create temp table globex.t (a int)",
            "create table if not exists globex.t (a int)",
            "create table x (a globex.t)",
            "create table x (a int, b globex.t)",
            "create table x (like globex.t)",
            "prepare p(globex.t) as select 1",
            "prepare p(int, globex.t) as select 1",
            "select 1 operator(globex.+) 2",
            "select a collate globex.c from b",
            "select * from globex.f()",
            "select * from a, globex.f(1)",
            "select * from a join globex.f(1) on true",
            "select globex.f(1)",
        ] {
            assert_eq!(at(text), Disguise::Schema, "{text}");
        }
        assert_eq!(of_hidden_schema(b"globex", None), Disguise::Schema);
        assert_eq!(of_hidden_schema(b"globex", Some((b"select", 99))), Disguise::Schema);
    }

    #[test]
    fn names_are_read_as_postgresql_reads_them() {
        assert_eq!(at("select 1 from globex.\"T \"\"x\"\"\""), table("T \"x\""));
        assert_eq!(at("select 1 from \"Globex \"\"1\"\"\".T"), table("t"));
        assert_eq!(at("select 1 from GLOBEX.t -- globex"), Disguise::Schema, "another position");
        let text = b"select 1 from db.globex.t";
        assert_eq!(of_hidden_schema(b"globex", Some((text, 14))), table("t"));
        assert_eq!(of_hidden_schema(b"other", Some((text, 14))), Disguise::Schema);
    }

    #[test]
    fn no_text_and_no_position_is_too_strange() {
        for text in
            ["", "\"", "'", "$$", "/*", "from \"", "from globex.", "from globex.\"", "((((", "e'\\"]
        {
            for position in 0..=text.len() + 1 {
                of_hidden_schema(b"globex", Some((text.as_bytes(), position)));
            }
        }
    }

    #[test]
    fn the_systems_own_schemas_are_no_secret() {
        for name in ["pg_catalog", "pg_toast", "pg_temp_3", "information_schema", "tenancy"] {
            assert!(is_system_schema(name.as_bytes()), "{name}");
        }
        assert!(!is_system_schema(b"globex") && !is_system_schema(b"tenancy_2"));
    }
}
