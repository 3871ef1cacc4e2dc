//! Why a command ended without doing what it was asked. For people at a terminal; what clients
//! of the faces see is a type of its own.

use crate::{config, control, fleet, pool, tls};
use std::net::SocketAddr;

/// The errors of the commands.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The certificates for clients cannot be used.
    #[error("configuration section \"postgres.tls\": {0}")]
    Tls(#[from] tls::Error),
    /// The port cannot be had.
    #[error("could not listen on {address}: {source}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The process cannot be set up.
    #[error("could not start: {0}")]
    Start(#[from] std::io::Error),
    /// The pool of server connections cannot be made.
    #[error("could not start: {0}")]
    Pool(#[from] pool::Error),
    /// The registry's client cannot be made.
    #[error("could not start: {0}")]
    Control(#[from] control::Error),
    /// A command on a tenant failed.
    #[error(transparent)]
    Fleet(#[from] fleet::Error),
    /// The fleet is not migrated.
    #[error(transparent)]
    Migrate(#[from] fleet::migrate::Error),
}

impl Error {
    /// The exit status of the process.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Migrate(error) => error.exit_status(),
            _ => 1,
        }
    }
}
