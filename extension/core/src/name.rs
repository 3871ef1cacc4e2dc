//! A tenant's name: the slug that people type. It lives in the registry only, never in a
//! schema's or a role's name, so it may be changed and it may be any lower-case slug.

use crate::reserved::is_reserved;
use crate::{Error, Result, SqlState};
use std::fmt;

/// PostgreSQL's NAMEDATALEN less the terminator: what `application_name` and logs can carry.
const MAX_BYTES: usize = 63;

/// A valid tenant name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TenantName(String);

impl TenantName {
    /// Takes a lower-case slug: a letter, then letters, digits, `-` and `_`, a letter or digit
    /// at the end, 63 bytes at most, not reserved. Anything else is 22023.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some(why) = flaw(text) {
            return Err(invalid(text).detail(why).hint(
                "Use a lower-case slug such as \"acme\" or \"acme-2\": a letter first, then letters, \
                 digits, \"-\" and \"_\", at most 63 bytes.",
            ));
        }
        if is_reserved(text) {
            return Err(invalid(text)
                .detail("The name is reserved by SQL, PostgreSQL or tenancy.")
                .hint("Choose another name; a prefix such as \"customer-\" is enough."));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn invalid(text: &str) -> Error {
    let shown: String = text.chars().take(MAX_BYTES).collect();
    Error::new(SqlState::InvalidParameterValue, format!("invalid tenant name {shown:?}"))
}

fn flaw(text: &str) -> Option<&'static str> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (None, _) | (_, None) => Some("The name is empty."),
        _ if bytes.len() > MAX_BYTES => Some("The name is longer than 63 bytes."),
        _ if !bytes.iter().all(|&b| inner(b)) => {
            Some("The name holds a character that is not allowed.")
        }
        (Some(first), _) if !first.is_ascii_lowercase() => {
            Some("The name does not start with a letter.")
        }
        (_, Some(b'-' | b'_')) => Some("The name ends with \"-\" or \"_\"."),
        _ => None,
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_slugs_are_names() {
        for name in ["acme", "a", "acme-2", "acme_eu", "action", "share", &"a".repeat(63)] {
            assert_eq!(TenantName::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn everything_else_is_refused_with_22023() {
        let long = "a".repeat(64);
        for name in [
            "",
            " ",
            "ACME",
            "Acme",
            "1acme",
            "-acme",
            "acme-",
            "acme_",
            "a.b",
            "a/b",
            "../etc",
            "a b",
            "a'b",
            "a\"b",
            "a\0b",
            "gl\u{43e}bex",
            "acme\u{200b}",
            "acme\u{301}",
            "acme\n",
            "acme;",
            "acme--",
            "acme%",
            "acme,public",
            "\"acme\"",
            "$user",
            "*",
            "\u{ff47}lobex",
            "pg_acme",
            "t_abc",
            "tenancy",
            "tenancy_x",
            "public",
            "central",
            "information_schema",
            "template0",
            "select",
            "user",
            "none",
            "current_user",
            "all",
            "default",
            &long,
        ] {
            let error = TenantName::parse(name).unwrap_err();
            assert_eq!(error.code, SqlState::InvalidParameterValue, "{name:?}");
            assert!(error.detail.is_some() && error.hint.is_some(), "{name:?}");
        }
    }
}
