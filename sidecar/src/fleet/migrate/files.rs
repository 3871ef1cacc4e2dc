//! Migrations as files: the name without its ending is the migration's, the order that of the names.

use super::Error;
use std::path::{Path, PathBuf};

/// A migration that was read.
pub struct File {
    /// The migration's name.
    pub name: String,
    /// Its text.
    pub script: String,
}

/// Reads a file, or all `.sql` files of a folder in the order of their names.
pub fn read(path: &Path) -> Result<Vec<File>, Error> {
    if !path.is_dir() {
        return Ok(vec![file(path)?]);
    }
    let entries = std::fs::read_dir(path).map_err(|source| unreadable(path, source))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>, _>>();
    let mut paths = paths.map_err(|source: std::io::Error| unreadable(path, source))?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "sql"));
    paths.sort();
    if paths.is_empty() {
        return Err(Error::Usage(format!("\"{}\" holds no .sql files", path.display())));
    }
    paths.iter().map(|path| file(path)).collect()
}

fn file(path: &Path) -> Result<File, Error> {
    let script = std::fs::read_to_string(path).map_err(|source| unreadable(path, source))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(File { name, script })
}

fn unreadable(path: &Path, source: std::io::Error) -> Error {
    Error::Read { path: path.display().to_string(), source }
}
