//! Commands that work on tenants as a whole, over connections of an administrator: export, import,
//! migrate.
//! Knows the extension's SQL functions and COPY; must not know HTTP or routes.

mod connect;
mod copy_rows;
mod export;
mod import;
mod large_objects;
pub mod migrate;
mod progress;

pub use export::{Export, export};
pub use import::{Import, import};

use crate::archive;
pub use archive::STANDARD_STREAM;

/// Why a command on a tenant did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be used.
    #[error(
        "the server's address is neither a postgresql:// URL nor key=value pairs as libpq takes them"
    )]
    Address,
    /// No connection.
    #[error("no connection to the server: {}", described(.0))]
    Connect(tokio_postgres::Error),
    /// A statement failed.
    #[error("{}", described(.0))]
    Query(#[from] tokio_postgres::Error),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] archive::Error),
    /// A member could not be packed, or a task did not end.
    #[error("could not work on the archive: {0}")]
    Work(String),
    /// Somebody else is at it.
    #[error("another process is importing tenant \"{0}\"\nHINT:  Wait until it has ended.")]
    Busy(String),
}

/// An error with what PostgreSQL says apart: state, detail, hint.
fn described(error: &tokio_postgres::Error) -> String {
    let Some(error) = error.as_db_error() else {
        let first = std::error::Error::source(error);
        let causes = std::iter::successors(first, |cause| cause.source());
        return causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    };
    let mut text = format!("{} ({})", error.message(), error.code().code());
    let more = [("DETAIL", error.detail()), ("HINT", error.hint()), ("CONTEXT", error.where_())];
    for (word, part) in more {
        if let Some(part) = part {
            text.push_str(&format!("\n{word}:  {part}"));
        }
    }
    text
}
