//! Schema and role names of a tenant: opaque, random and permanent unless the DBA asks for a
//! readable schema. An opaque name gives no oracle and never collides between two databases of
//! one server, whose roles are shared.

use crate::{Error, Result, SqlState, reserved};
use std::fmt;

const MAX_BYTES: usize = 63;
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// 5 bits each: 50 bits, out of reach for guessing through SQL.
const OPAQUE_CHARS: usize = 10;

/// The three names that a tenant keeps for life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantIdentifiers {
    /// Schema with the tenant's objects.
    pub schema: String,
    /// Role with USAGE and DML on that schema.
    pub role: String,
    /// Role that owns the schema's objects.
    pub owner: String,
}

impl TenantIdentifiers {
    /// Makes the names from `OPAQUE_CHARS` or more random bytes; `schema` is the readable name
    /// that a DBA asked for, if any.
    pub fn new(random: &[u8; OPAQUE_CHARS], schema: Option<SchemaName>) -> Self {
        let opaque: String =
            random.iter().map(|b| char::from(ALPHABET[usize::from(b & 31)])).collect();
        let role = format!("t_{opaque}");
        Self {
            schema: schema.map_or_else(|| role.clone(), |s| s.0),
            owner: format!("{role}_owner"),
            role,
        }
    }
}

/// A schema name that a DBA asked for by `schema =>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaName(String);

impl SchemaName {
    /// Takes a lower-case identifier that needs no quoting apart from `-`; refuses reserved
    /// names and the opaque form with 22023.
    pub fn parse(text: &str) -> Result<Self> {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        let shape = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
            && text.len() <= MAX_BYTES
            && text.bytes().all(inner);
        if shape && !reserved::is_reserved(text) {
            return Ok(Self(text.to_owned()));
        }
        let shown: String = text.chars().take(MAX_BYTES).collect();
        Err(Error::new(SqlState::InvalidParameterValue, format!("invalid schema name {shown:?}"))
            .detail("A tenant's schema is a lower-case identifier of at most 63 bytes that is not reserved.")
            .hint("Leave out \"schema\" to get an opaque, permanent name."))
    }
}

impl SchemaName {
    /// Takes the name of a schema that is there and is to become a tenant's, however it is written;
    /// refuses those of PostgreSQL and tenancy with 22023.
    pub fn existing(text: &str) -> Result<Self> {
        let others = text.starts_with("pg_") || text.starts_with("tenancy");
        if !others && !matches!(text, "" | "public" | "information_schema") {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::new(
            SqlState::InvalidParameterValue,
            format!("schema {text:?} cannot become a tenant"),
        )
        .detail("It belongs to PostgreSQL or to tenancy, or every tenant has it in its path.")
        .hint("Move what is in it into a schema of its own."))
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_names_share_one_opaque_stem() {
        let ids = TenantIdentifiers::new(&[0, 31, 32, 63, 255, 1, 2, 3, 4, 5], None);
        assert_eq!(ids.schema, ids.role);
        assert_eq!(ids.owner, format!("{}_owner", ids.role));
        assert_eq!(ids.role, "t_a9a99bcdef");
    }

    #[test]
    fn a_readable_schema_leaves_the_roles_opaque() {
        let ids = TenantIdentifiers::new(&[7; 10], Some(SchemaName::parse("acme").unwrap()));
        assert_eq!((ids.schema.as_str(), ids.role.as_str()), ("acme", "t_hhhhhhhhhh"));
    }

    #[test]
    fn a_schema_that_is_there_keeps_its_name_unless_it_is_postgresqls_or_ours() {
        for name in ["acme", "Acme Ltd.", "select", "t_k3x9w2abcd"] {
            assert_eq!(SchemaName::existing(name).unwrap().0, name);
        }
        for name in ["", "pg_catalog", "pg_temp_3", "public", "tenancy", "tenancy_checked"] {
            assert!(SchemaName::existing(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn reserved_and_odd_schema_names_are_refused() {
        for name in
            ["", "pg_x", "public", "tenancy", "t_abc", "a b", "A", "a\"b", "information_schema"]
        {
            assert!(SchemaName::parse(name).is_err(), "{name:?}");
        }
    }
}
