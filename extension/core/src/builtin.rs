//! PostgreSQL's own functions that take an OID, a name or a key, or show what all sessions share:
//! what becomes of each inside a tenant. Data and look-ups only; what is visible is asked elsewhere.
//!
//! Every function of versions 15 to 18 that the net catches is in one of the lists. One that is in
//! none, of a version that nobody has looked at, is refused.

mod absent;
mod allowed;
mod checked;
mod extensions;
mod net;
mod refused;

pub use absent::{Absent, Qualifier, no_such, qualifiers};
pub use checked::{CHECKED, Check, Family, Names, SOURCES, Side, check_of};
pub use extensions::is_refused_extension;
pub use net::{CSTRING, INTERNAL, is_suspect};

use crate::{Error, SqlState};

/// What becomes of a function inside a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It runs.
    Allowed,
    /// It never runs.
    Refused,
    /// A twin of the same name runs in its place, and where none can, it is refused.
    Checked(Check),
    /// The same, but where no twin can take its place it may run: what it does is held by
    /// privileges, and its twin only hides names.
    Guarded(Check),
    /// It runs in FROM, where its rows are filtered.
    Filtered,
    /// It runs where PostgreSQL itself calls it, and in no query.
    Internal,
}

/// The verdict on a built-in function, by name and the OIDs of its argument types.
pub fn verdict(name: &str, arguments: &[u32]) -> Verdict {
    decided(name).unwrap_or(if is_suspect(name, arguments) {
        Verdict::Refused
    } else {
        Verdict::Allowed
    })
}

/// The verdict that a list gives, `None` when the function is in none.
pub fn decided(name: &str) -> Option<Verdict> {
    if let Some(family) = checked::family_of(name) {
        let verdict = if family.guarded { Verdict::Guarded } else { Verdict::Checked };
        return Some(verdict(family.check));
    }
    if checked::FILTERED.contains(&name) {
        return Some(Verdict::Filtered);
    }
    if checked::INTERNAL.contains(&name) {
        return Some(Verdict::Internal);
    }
    if refused::REFUSED.contains(&name) {
        return Some(Verdict::Refused);
    }
    allowed::ALLOWED.contains(&name).then_some(Verdict::Allowed)
}

/// The refusal of a function.
pub fn refusal(name: &str) -> Error {
    Error::new(
        SqlState::InsufficientPrivilege,
        format!("function {name}() is not allowed inside a tenant"),
    )
    .detail("It could show or change what belongs to the server or to others.")
    .hint("Leave the tenant first; what concerns the whole database is an administrator's.")
}

/// The refusal of a function that is replaced where it can be, in a place where it cannot.
pub fn unreplaced(name: &str) -> Error {
    Error::new(
        SqlState::InsufficientPrivilege,
        format!("function {name}() is not allowed here inside a tenant"),
    )
    .detail("It is checked where a query calls it; arguments of CALL and EXECUTE, defaults, constraints and fast-path calls are not queries.")
    .hint("Call it in a SELECT.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_function_is_in_two_lists() {
        let checked = CHECKED.iter().flat_map(|family| family.names.iter());
        let all = checked
            .chain(checked::FILTERED)
            .chain(checked::INTERNAL)
            .chain(refused::REFUSED)
            .chain(allowed::ALLOWED)
            .collect::<Vec<_>>();
        let distinct: BTreeSet<_> = all.iter().collect();
        let twice: Vec<_> =
            distinct.iter().filter(|n| all.iter().filter(|m| m == *n).count() > 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn what_reads_the_server_or_meters_others_is_refused() {
        for name in [
            "pg_read_file",
            "pg_ls_dir",
            "pg_current_wal_lsn",
            "pg_logical_emit_message",
            "pg_export_snapshot",
            "pg_database_size",
            "regclassout",
            "lo_import",
            "pg_stat_reset",
        ] {
            assert_eq!(decided(name), Some(Verdict::Refused), "{name}");
        }
    }

    #[test]
    fn a_function_that_nobody_decided_on_is_refused_when_it_looks_suspicious() {
        assert_eq!(verdict("pg_get_secret_thing", &[26]), Verdict::Refused);
        assert_eq!(verdict("pg_stat_get_new_counter", &[]), Verdict::Refused);
        assert_eq!(verdict("some_new_function", &[2205]), Verdict::Refused);
        assert_eq!(verdict("upper", &[25]), Verdict::Allowed);
    }

    #[test]
    fn what_applications_use_every_day_runs() {
        for name in ["pg_backend_pid", "txid_current", "pg_sleep", "set_config"] {
            assert_eq!(decided(name), Some(Verdict::Allowed), "{name}");
        }
        for name in ["nextval", "currval", "setval"] {
            assert!(matches!(decided(name), Some(Verdict::Guarded(_))), "{name}");
        }
    }
}
