//! Drivers of other languages: the programs in `tests/clients` check what they see by themselves.

use super::{Stage, finished};

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tenancy_tests::cluster::root_dir;
use tenancy_tests::node;

/// Where Debian's package puts JDBC's driver.
const JDBC: &str = "/usr/share/java/postgresql.jar";

static NODE: OnceLock<Result<PathBuf, String>> = OnceLock::new();

#[tokio::test]
async fn psycopg_stays_in_its_tenant() {
    psycopg("sync").await;
}

#[tokio::test]
async fn psycopgs_asynchronous_connections_stay_in_their_tenant() {
    psycopg("async").await;
}

#[tokio::test]
async fn psycopgs_pipelines_stay_in_their_tenant() {
    psycopg("pipeline").await;
}

#[tokio::test]
async fn jdbc_stays_in_its_tenant() {
    assert!(Path::new(JDBC).exists(), "there is no {JDBC}; run scripts/deps.sh --clients");
    let stage = Stage::set().await;
    let mut java = stage.aimed(Command::new("java"));
    java.env("URL", format!("jdbc:postgresql://{}/", stage.sidecar.postgres()));
    java.args(["-cp", JDBC]).arg(root_dir().join("tests/clients/java/Tenants.java"));
    stage.play(java).await;
}

/// Skipped with a message where npm cannot install it, as without a network.
#[tokio::test]
async fn node_postgres_stays_in_its_tenant() {
    let folder = match NODE.get_or_init(|| node::installed("tests/clients/node", 16)) {
        Ok(folder) => folder,
        Err(reason) => return eprintln!("skipped: {reason}"),
    };
    let stage = Stage::set().await;
    let login = &stage.tenants.application;
    let url = login.dsn_at(&stage.sidecar.postgres().to_string());
    let mut node = stage.aimed(Command::new("node"));
    node.env("URL", url.trim_end_matches(&format!("/{}", login.database())));
    node.current_dir(folder).arg("tenants.mjs");
    stage.play(node).await;
}

/// The page's own program, with the address and the password of this test in it.
#[tokio::test]
async fn the_client_in_the_readme_prints_what_it_says() {
    let folder = match NODE.get_or_init(|| node::installed("tests/clients/node", 16)) {
        Ok(folder) => folder,
        Err(reason) => return eprintln!("skipped: {reason}"),
    };
    let stage = Stage::set().await;
    let customers = "CREATE TABLE customer (id int PRIMARY KEY, name text)";
    for (tenant, name) in [("acme", "Wile E. Coyote"), ("globex", "Hank Scorpio")] {
        let owner = stage.tenants.enter_as_owner(&stage.database, tenant).await;
        owner.run(&format!("{customers}; INSERT INTO customer VALUES (1, '{name}')")).await;
    }
    let readme = std::fs::read_to_string(root_dir().join("README.md")).unwrap();
    let program = readme.split("```js\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let login = &stage.tenants.application;
    let address = format!("{}:{}@{}", login.name(), login.password(), stage.sidecar.postgres());
    let program = program.replace("shop_app:secret@localhost:6432", &address);
    let mut node = Command::new("node");
    node.current_dir(folder).args(["--input-type=module", "--eval", &program]);
    assert_eq!(finished(node).await, "Wile E. Coyote\nHank Scorpio\n");
}

async fn psycopg(way: &str) {
    let stage = Stage::set().await;
    let mut python = stage.aimed(Command::new(python()));
    python.arg(root_dir().join("tests/clients/python/tenants.py")).arg(way);
    stage.play(python).await;
}

/// The interpreter that has the driver: a system may have another one in front of its own.
fn python() -> &'static str {
    let has_driver = |python: &&str| {
        let imported = Command::new(python).args(["-c", "import psycopg"]).output();
        imported.is_ok_and(|output| output.status.success())
    };
    let found = ["python3", "/usr/bin/python3"].into_iter().find(has_driver);
    found.expect("python3 with psycopg is there; run scripts/deps.sh --clients")
}
