//! Why the fleet was not migrated, and with which exit status the process ends.

use crate::fleet::described;

/// Why such work ended without being done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("could not read \"{path}\": {source}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("could not write \"{path}\": {source}")]
    Write {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The command line asks for what cannot be.
    #[error("{0}")]
    Usage(String),
    /// The server cannot be reached, or refused.
    #[error("{}", described(.0))]
    Server(#[from] tokio_postgres::Error),
    /// Signals cannot be listened to.
    #[error("could not start: {0}")]
    Start(#[from] std::io::Error),
    /// Some tenants failed; what was to be said of them has been said.
    #[error("{0}")]
    Failed(String),
    /// A signal asked for a pause.
    #[error("paused: {0}")]
    Paused(String),
}

impl Error {
    /// The exit status: 3 when tenants failed, 4 after a pause, else 1.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Failed(_) => 3,
            Self::Paused(_) => 4,
            _ => 1,
        }
    }
}
