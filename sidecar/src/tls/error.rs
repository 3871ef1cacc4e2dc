//! What is wrong with certificates, for who has configured them.

use std::path::PathBuf;

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("could not read \"{}\": {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There are none.
    #[error("there is no certificate to show to clients")]
    Nothing,
    /// A folder without a single pair of files.
    #[error("there is no pair of files NAME.crt and NAME.key in \"{}\"", .0.display())]
    Empty(PathBuf),
    /// A file that is not what it should be.
    #[error("\"{}\" holds no {what} in PEM", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// A certificate and a key that cannot be used, or not with each other.
    #[error("certificate \"{}\" cannot be used with key \"{}\": {why}", chain.display(), key.display())]
    Pair {
        /// The certificate.
        chain: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        why: String,
    },
}
