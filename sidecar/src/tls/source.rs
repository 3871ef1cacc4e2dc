//! Where certificates are: named one by one, or all of a folder.

use super::Error;
use std::path::{Path, PathBuf};

/// Files of certificates (each with its chain) and of their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// These pairs. The first one is for clients that name no host, or one that none is for.
    Files(Vec<(PathBuf, PathBuf)>),
    /// Each `NAME.crt` with the `NAME.key` beside it. The first one is that of `default`, if it is
    /// there, else the first by name.
    Directory(PathBuf),
}

impl Source {
    /// Certificate and key of each, the default first.
    pub(super) fn pairs(&self) -> Result<Vec<(PathBuf, PathBuf)>, Error> {
        match self {
            Self::Files(pairs) => Ok(pairs.clone()),
            Self::Directory(directory) => within(directory),
        }
    }
}

fn within(directory: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Error> {
    let unreadable = |source| Error::Read { path: directory.to_owned(), source };
    let mut chains = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "crt") {
            chains.push(path);
        }
    }
    if chains.is_empty() {
        return Err(Error::Empty(directory.to_owned()));
    }
    chains.sort_by_key(|path| (path.file_stem() != Some("default".as_ref()), path.clone()));
    Ok(chains.into_iter().map(|chain| (chain.clone(), chain.with_extension("key"))).collect())
}
