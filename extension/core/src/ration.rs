//! What one session may take of what all sessions share, and what it is told beyond that.

use crate::{Error, SqlState};

/// A thing that is rationed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ration {
    /// Tables, views, sequences, types and functions in the session's temporary schema: rows of
    /// catalogs that every session reads.
    TempTables,
    /// Savepoints and exception blocks of one transaction: each that writes takes a transaction
    /// id, and beyond 64 of them every snapshot of everybody gets slower.
    Subtransactions,
    /// Entries of the lock table, which has a fixed size.
    Locks,
}

/// Every ration, with the setting that says how much, what it is for, and how much by default.
pub const RATIONS: [(Ration, &str, &str, i32); 3] = [
    (Ration::TempTables, "max_temp_tables", "Most objects in a session's temporary schema.", 100),
    (
        Ration::Subtransactions,
        "max_subtransactions",
        "Most subtransactions of a transaction.",
        10_000,
    ),
    (
        Ration::Locks,
        "max_locks",
        "Most entries of the shared lock table that a session holds.",
        2_000,
    ),
];

impl Ration {
    /// Its place in `RATIONS`.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The refusal (53400).
    pub fn exhausted(self, most: usize) -> Error {
        let (_, setting, _, _) = RATIONS[self.index()];
        let (what, way_out) = match self {
            Self::TempTables => ("temporary objects", "Drop those that are not needed any more."),
            Self::Subtransactions => {
                ("subtransactions in one transaction", "COMMIT from time to time.")
            }
            Self::Locks => ("locks", "COMMIT from time to time, or name fewer tables at once."),
        };
        Error::new(SqlState::LimitExceeded, format!("too many {what} inside a tenant"))
            .detail(format!("A session may have {most} (tenancy.{setting})."))
            .hint(way_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ration_has_its_row() {
        for (index, (ration, setting, _, most)) in RATIONS.into_iter().enumerate() {
            assert_eq!(ration.index(), index);
            let error = ration.exhausted(7);
            assert_eq!(error.code.code(), "53400");
            assert!(error.detail.is_some_and(|d| d.contains(setting) && d.contains('7')));
            assert!(error.hint.is_some() && most > 0);
        }
    }
}
