//! Neon's own driver for JavaScript against the sidecar. What is right is said in `tests/neon`; here
//! the driver is installed and run. Skipped with a message where it cannot be.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

use tenancy_tests::database::Database;
use tenancy_tests::node;
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
    let folder = match INSTALLED.get_or_init(|| node::installed("tests/neon", OLDEST_NODE)) {
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
