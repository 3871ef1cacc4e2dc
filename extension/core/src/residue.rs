//! What a client's session holds beyond its transaction, kind by kind, as the gateway is told.

use std::fmt;

/// One kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Advisory locks of the session.
    AdvisoryLocks,
    /// Cursors WITH HOLD.
    Cursors,
    /// Channels that are listened to.
    Listen,
    /// Statements prepared by SQL.
    Prepared,
    /// What `currval()` and `lastval()` tell.
    Sequences,
    /// Temporary tables, views, sequences, types and functions.
    Temporary,
}

/// All of them, with the names that they are told by, in the order of the names.
pub const KINDS: [(Kind, &str); 6] = [
    (Kind::AdvisoryLocks, "advisory_locks"),
    (Kind::Cursors, "cursors"),
    (Kind::Listen, "listen"),
    (Kind::Prepared, "prepared"),
    (Kind::Sequences, "sequences"),
    (Kind::Temporary, "temporary"),
];

/// A set of kinds; displayed as their names in order, separated by commas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// The same with this kind, if it is there.
    #[must_use]
    pub fn with(self, kind: Kind, there: bool) -> Self {
        Self(self.0 | u8::from(there) << kind as u8)
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = KINDS.iter().filter(|(kind, _)| self.0 >> *kind as u8 & 1 == 1);
        let names: Vec<_> = names.map(|(_, name)| *name).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_name_in_order() {
        let kinds = Kinds::default().with(Kind::Temporary, true).with(Kind::Listen, true);
        assert_eq!(kinds.with(Kind::Cursors, false).to_string(), "listen,temporary");
        assert_eq!(Kinds::default().to_string(), "");
        let all = KINDS.iter().fold(Kinds::default(), |all, (kind, _)| all.with(*kind, true));
        assert_eq!(all.to_string(), KINDS.map(|(_, name)| name).join(","));
        assert!(KINDS.is_sorted_by_key(|(_, name)| *name));
    }
}
