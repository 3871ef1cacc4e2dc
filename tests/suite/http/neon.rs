//! Neon's own driver for JavaScript against the sidecar. What is right is said in `tests/neon`; here
//! the driver is installed and run. Skipped with a message where it cannot be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tenancy_tests::cluster::{root_dir, target_dir};
use tenancy_tests::database::Database;
use tenancy_tests::sidecar::Sidecar;
use tenancy_tests::tenant::Tenants;

/// The first version with `fetch` and `node --test` as the driver and its tests want them.
const OLDEST_NODE: u32 = 20;

static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();

#[tokio::test]
async fn neons_own_driver_sends_queries_and_reads_their_results() {
    run("queries.test.mjs").await;
}

#[tokio::test]
async fn neons_own_driver_tells_its_user_what_was_wrong() {
    run("errors.test.mjs").await;
}

async fn run(file: &str) {
    let folder = match INSTALLED.get_or_init(install) {
        Ok(folder) => folder,
        Err(reason) => return eprintln!("skipped: {reason}"),
    };
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let sidecar = Sidecar::start(&database).await;
    let mut node = Command::new("node");
    node.current_dir(folder)
        .args(["--test", file])
        .env("ENDPOINT", format!("http://{}/sql", sidecar.address()))
        .env("DSN", tenants.application.dsn_at("acme.example.com"))
        .env("TZ", "America/St_Johns");
    let Output { status, stdout, .. } = output(node).await;
    assert!(status.success(), "{file}:\n{}", String::from_utf8_lossy(&stdout));
}

/// Without a wait that would keep other tasks from running.
async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

/// The driver and its tests in a folder below target; its path, or why there is none.
fn install() -> Result<PathBuf, String> {
    let version = printed(Command::new("node").arg("--version"))?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok());
    if major.is_none_or(|major: u32| major < OLDEST_NODE) {
        return Err(format!("node {OLDEST_NODE} is needed, not {version}"));
    }
    let folder = target_dir().join("neon");
    copy(&root_dir().join("tests/neon"), &folder).map_err(|error| error.to_string())?;
    let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    printed(Command::new("npm").current_dir(&folder).args(quiet))?;
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
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
