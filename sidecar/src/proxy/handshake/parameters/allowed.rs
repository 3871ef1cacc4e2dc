//! Which settings a client may ask for in its start packet: those that drivers ask for and that a
//! session may set anyway. They are set inside the tenant, with the rights of the tenant.

/// Names as PostgreSQL writes them.
const ALLOWED: &[&str] = &[
    "application_name",
    "bytea_output",
    "client_encoding",
    "client_min_messages",
    "DateStyle",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "extra_float_digits",
    "geqo",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "IntervalStyle",
    "jit",
    "lc_messages",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "plan_cache_mode",
    "row_security",
    "standard_conforming_strings",
    "statement_timeout",
    "synchronous_commit",
    "TimeZone",
    "work_mem",
    "xmloption",
];

/// What the context of a tenant is made of.
const FIXED: &[&str] = &["role", "search_path", "session_authorization"];

/// Whether a setting may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, under this name.
    Allowed(&'static str),
    /// It is as it is.
    Fixed,
    /// It is none of those that may.
    Unknown,
}

/// Looks a setting up; case does not matter, as in PostgreSQL.
pub fn verdict(name: &str) -> Verdict {
    let find = |list: &[&'static str]| {
        list.iter().copied().find(|listed| listed.eq_ignore_ascii_case(name))
    };
    match (find(ALLOWED), find(FIXED)) {
        (Some(name), _) => Verdict::Allowed(name),
        (None, Some(_)) => Verdict::Fixed,
        (None, None) => Verdict::Unknown,
    }
}
