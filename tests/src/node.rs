//! Drivers for JavaScript, by npm. Knows where they are put; knows no sidecar.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::cluster::{root_dir, target_dir};

/// A folder of the checkout that has a `package.json`, copied below target and with its packages;
/// its path there, or why it cannot be had: no node of this version, or nobody to ask for packages.
pub fn installed(folder: &str, oldest_node: u32) -> Result<PathBuf, String> {
    let version = printed(Command::new("node").arg("--version"))?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok());
    if major.is_none_or(|major: u32| major < oldest_node) {
        return Err(format!("node {oldest_node} is needed, not {version}"));
    }
    let copied = target_dir().join(folder.replace('/', "-"));
    copy(&root_dir().join(folder), &copied).map_err(|error| error.to_string())?;
    let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    printed(Command::new("npm").current_dir(&copied).args(quiet))?;
    Ok(copied)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn printed(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } =
        command.output().map_err(|error| format!("{command:?}: {error}"))?;
    match status.success() {
        true => Ok(String::from_utf8_lossy(&stdout).trim().to_owned()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&stderr))),
    }
}
