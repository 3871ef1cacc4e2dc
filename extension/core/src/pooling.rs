//! How long a gateway's client keeps its server connection, and what outlives a transaction.

use crate::{Error, Result, SqlState};

/// How long a client keeps its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// For as long as it is connected to the gateway.
    Session,
    /// Until its transaction ends.
    Transaction,
}

impl Pooling {
    /// Reads `session` or `transaction`; 22023 for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "session" => Ok(Self::Session),
            "transaction" => Ok(Self::Transaction),
            _ => Err(Error::new(
                SqlState::InvalidParameterValue,
                format!("invalid pooling mode {text:?}"),
            )
            .hint("Use \"session\" or \"transaction\".")),
        }
    }
}

/// What outlives the transaction that makes it, by what makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// LISTEN.
    Listen,
    /// `pg_advisory_lock()` and its like, without `_xact_`.
    SessionLock,
    /// CREATE TEMP TABLE, but for ON COMMIT DROP; temporary views and sequences.
    Temporary,
    /// DECLARE ... WITH HOLD.
    HeldCursor,
    /// PREPARE.
    Prepared,
}

/// The subject of "... is not possible with transaction pooling", and what there is instead.
const fn row(lasting: Lasting) -> (&'static str, &'static str) {
    match lasting {
        Lasting::Listen => ("LISTEN", "NOTIFY works as ever."),
        Lasting::SessionLock => (
            "an advisory lock of the session",
            "Locks of the transaction, as of pg_advisory_xact_lock(), work as ever.",
        ),
        Lasting::Temporary => (
            "a temporary object that outlives its transaction",
            "Temporary tables that are made ON COMMIT DROP work as ever.",
        ),
        Lasting::HeldCursor => {
            ("a cursor WITH HOLD", "Cursors that end with their transaction work as ever.")
        }
        Lasting::Prepared => {
            ("PREPARE", "Statements that a driver prepares by the protocol work as ever.")
        }
    }
}

/// The refusal (0A000) of what would be left on a connection that goes to others when the
/// transaction ends.
pub fn refusal(lasting: Lasting) -> Error {
    let (what, instead) = row(lasting);
    Error::new(
        SqlState::FeatureNotSupported,
        format!("{what} is not possible with transaction pooling"),
    )
    .detail(format!("The connection serves others when the transaction has ended. {instead}"))
    .hint("Connect with options=-c tenancy.pooling=session to keep a connection of your own.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_two_modes() {
        assert_eq!(Pooling::parse("session"), Ok(Pooling::Session));
        assert_eq!(Pooling::parse("transaction"), Ok(Pooling::Transaction));
        for text in ["", "Session", "statement", "transaction "] {
            assert_eq!(Pooling::parse(text).unwrap_err().code, SqlState::InvalidParameterValue);
        }
    }

    #[test]
    fn every_refusal_says_the_way_out() {
        use Lasting::{HeldCursor, Listen, Prepared, SessionLock, Temporary};
        for lasting in [Listen, SessionLock, Temporary, HeldCursor, Prepared] {
            let error = refusal(lasting);
            assert_eq!(error.code, SqlState::FeatureNotSupported);
            assert!(error.detail.is_some());
            assert!(error.hint.unwrap().contains("tenancy.pooling=session"));
        }
    }
}
