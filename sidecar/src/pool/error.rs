//! Why a server connection did not do what was asked. Which of it a client may see is decided
//! by whoever answers the client.

use crate::wire::{ErrorReport, Malformed, Unsendable, answer::Stuck};
use std::io;

/// The errors of this module.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server cannot be reached.
    #[error("could not connect to the server: {0}")]
    Connect(#[source] io::Error),
    /// The server refused the connection, its login or its seal.
    #[error("the server refused the connection: {} (SQLSTATE {})", .0.message, .0.code)]
    Refused(Box<ErrorReport>),
    /// The server asked for an authentication that we do not do here.
    #[error("cannot authenticate to the server: {0}")]
    Authentication(&'static str),
    /// All connections stayed busy for as long as the caller was willing to wait.
    #[error("no server connection became free in time")]
    Busy,
    /// More clients of the tenant wait than may.
    #[error("too many clients of the tenant wait for a server connection")]
    Crowded,
    /// The connection ended, with the server's parting words if there were any.
    #[error("the server closed the connection")]
    Lost(Option<Box<ErrorReport>>),
    /// The server answered something that does not belong here.
    #[error("unexpected answer from the server: {0}")]
    Odd(&'static str),
    /// The switch was refused: nothing of the work ran.
    #[error("switch refused: {}", .0.message)]
    Switch(Box<ErrorReport>),
    /// The client's statement failed; what it had not committed by itself (as CALL can) is rolled
    /// back.
    #[error("statement failed: {}", .0.message)]
    Statement(Box<ErrorReport>),
    /// The client's work ended the transaction it runs in, or left one open.
    #[error("the work did not keep to its transaction")]
    TransactionControl,
    /// The client's statement is a COPY from or to the client.
    #[error("COPY from or to the client")]
    Copy,
    /// The result is larger than the limit.
    #[error("the result is larger than {0} bytes")]
    TooLarge(usize),
    /// The client's statement cannot be written down in the protocol.
    #[error(transparent)]
    Unsendable(#[from] Unsendable),
}

impl From<Malformed> for Error {
    fn from(error: Malformed) -> Self {
        match error {
            Malformed::Protocol => Self::Odd("malformed message"),
            Malformed::TooLong(limit) => Self::TooLarge(limit),
        }
    }
}

impl From<Stuck> for Error {
    fn from(stuck: Stuck) -> Self {
        match stuck {
            Stuck::Copy => Self::Copy,
            Stuck::TooLarge(limit) => Self::TooLarge(limit),
            Stuck::Unexpected => Self::Odd("message out of place"),
        }
    }
}
