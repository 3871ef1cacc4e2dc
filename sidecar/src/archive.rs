//! Archives of tenants: a `.tar.zst` that any tar unpacks, with a manifest that says what each member
//! is, how long and with which checksum, and where it begins, so that members are read in any order.
//! Every member is a compressed frame of its own. Nothing read from an archive is believed before it
//! is checked. Must not know PostgreSQL's protocol, nor where tenants come from.

mod frame;
mod manifest;
mod read;
mod write;

pub use manifest::{Manifest, Member, Sequence, Structure, Table, Tenant};
pub use read::Reader;
pub use write::{Writer, pack};

/// What standard output and standard input are called.
pub const STANDARD_STREAM: &str = "-";

/// Rows are cut into members of about this size.
pub const MEMBER_BYTES: usize = 4 << 20;

/// Why an archive could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be used.
    #[error("{action} \"{path}\": {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// Which file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is none of ours, or not whole, or was changed.
    #[error(
        "the archive cannot be used: {0}\nHINT:  Nothing was changed. Take another copy of the archive."
    )]
    Unusable(String),
}
