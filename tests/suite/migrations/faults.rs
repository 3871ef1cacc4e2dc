//! The server, a backend or the command dies in the middle: afterwards each tenant has a migration as a
//! whole or not at all, the registry says which, and the same command again does the rest, once.

use super::command::{Migrate, slow, until_done};
use super::{answer, fleet, has_due, lacking};
use std::process::Command;
use std::time::Duration;
use tenancy_tests::cluster::{Cluster, checked};
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;

const INDEX: &str = "CREATE INDEX CONCURRENTLY note_body ON note (body);";

/// A server that can be brought down, whose commits survive that.
fn cluster() -> Cluster {
    Cluster::start(&[("synchronous_commit", "on")])
}

/// Connected anew: the server has been down.
async fn again(database: &Database<'_>, tenants: Tenants) -> Tenants {
    Tenants { admin: database.admin().await, ..tenants }
}

/// What the registry says of each tenant is so, and no tenant's migration was noted twice.
async fn assert_truthful(database: &Database<'_>, tenants: &Tenants, size: usize) {
    let left = lacking(tenants).await;
    for number in 1..=size {
        let name = format!("t{number:02}");
        let is_done = !left.contains(&name);
        assert_eq!(has_due(database, tenants, &name).await, is_done, "{name}");
    }
    assert_eq!(applied(tenants).await, (size - left.len()).to_string());
}

/// How often any migration was applied to a tenant.
async fn applied(tenants: &Tenants) -> String {
    tenants.admin.text("SELECT count(*) FROM tenancy.audit_log WHERE action = 'migrate'").await
}

/// The valid and the invalid indexes that the tenants have of this migration.
async fn indexes(database: &Database<'_>) -> [String; 2] {
    let query = "SELECT count(*) FILTER (WHERE indisvalid), count(*) FILTER (WHERE NOT indisvalid)
        FROM pg_index WHERE indexrelid::regclass::text LIKE '%.note_body%'";
    let row = database.superuser().await.rows(query).await.remove(0);
    [0, 1].map(|at| row[at].clone().unwrap())
}

/// Keeps an index from being built in a tenant until the session's transaction ends.
async fn hold_up(tenants: &Tenants, name: &str) -> Session {
    let member = tenants.enter(name).await;
    member.run("BEGIN; UPDATE note SET body = body").await;
    member
}

/// Waits for a number of sessions in the middle of CREATE INDEX.
async fn until_building(database: &Database<'_>, count: &str) {
    let query =
        "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()";
    let superuser = database.superuser().await;
    for _ in 0..300 {
        if superuser.text(query).await == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not {count} indexes are being built");
}

#[tokio::test]
async fn a_server_that_crashes_and_comes_back_costs_no_tenant() {
    let cluster = cluster();
    let database = Database::on(&cluster);
    let tenants = fleet(&database, 12).await;
    let migrate = Migrate::new(&database, &slow());
    let running = migrate.start(&["--batch", "2", "--jobs", "2"]);
    until_done(&tenants, 2).await;
    cluster.halt();
    cluster.resume();
    let (code, said) = answer(running.wait_with_output().unwrap());
    assert_eq!(code, 0, "{said}");
    let tenants = again(&database, tenants).await;
    assert!(lacking(&tenants).await.is_empty());
    assert_truthful(&database, &tenants, 12).await;
}

#[tokio::test]
async fn when_server_and_command_die_together_each_tenant_is_done_or_untouched() {
    let cluster = cluster();
    let database = Database::on(&cluster);
    let tenants = fleet(&database, 12).await;
    let migrate = Migrate::new(&database, &slow());
    let mut running = migrate.start(&["--batch", "2", "--jobs", "2"]);
    until_done(&tenants, 2).await;
    cluster.halt();
    running.kill().unwrap();
    running.wait().unwrap();
    cluster.resume();
    let tenants = again(&database, tenants).await;
    let left = lacking(&tenants).await.len();
    assert!((1..12).contains(&left), "{left}");
    assert_truthful(&database, &tenants, 12).await;
    let (code, said) = migrate.run(&[]);
    assert_eq!((code, said.contains(&format!("{left} migrated in"))), (0, true), "{said}");
    assert!(lacking(&tenants).await.is_empty());
    assert_truthful(&database, &tenants, 12).await;
}

#[tokio::test]
async fn a_killed_backend_takes_the_server_down_and_no_tenant_with_it() {
    let cluster = cluster();
    let database = Database::on(&cluster);
    let tenants = fleet(&database, 12).await;
    let migrate = Migrate::new(&database, &slow());
    let running = migrate.start(&["--batch", "2", "--jobs", "2"]);
    until_done(&tenants, 2).await;
    let at_work = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tenancy migrate'
        AND state = 'active' AND datname = current_database() LIMIT 1";
    let pid = database.superuser().await.text(at_work).await;
    checked(Command::new("kill").args(["-s", "KILL", &pid]));
    let (code, said) = answer(running.wait_with_output().unwrap());
    assert_eq!(code, 0, "{said}");
    let tenants = again(&database, tenants).await;
    assert!(lacking(&tenants).await.is_empty());
    assert_truthful(&database, &tenants, 12).await;
}

#[tokio::test]
async fn an_index_that_is_half_built_when_the_server_crashes_is_built_anew() {
    let cluster = cluster();
    let database = Database::on(&cluster);
    let tenants = fleet(&database, 4).await;
    let migrator = tenants.migrator(&database).await.dsn();
    let migrate = Migrate::new(&database, INDEX);
    let member = hold_up(&tenants, "t03").await;
    let options = ["--migrator-dsn", &migrator, "--jobs", "1"];
    let running = migrate.start(&options);
    until_done(&tenants, 2).await;
    until_building(&database, "1").await;
    cluster.halt();
    cluster.resume();
    drop(member);
    let (code, said) = answer(running.wait_with_output().unwrap());
    assert_eq!(code, 0, "{said}");
    let tenants = again(&database, tenants).await;
    assert!(lacking(&tenants).await.is_empty());
    assert_eq!(indexes(&database).await, ["4", "0"]);
    assert_eq!(applied(&tenants).await, "4");
}

#[tokio::test]
async fn an_index_that_a_killed_command_has_left_to_the_server_is_built_once() {
    let database = Database::new();
    let tenants = fleet(&database, 3).await;
    let migrator = tenants.migrator(&database).await.dsn();
    let migrate = Migrate::new(&database, INDEX);
    let member = hold_up(&tenants, "t02").await;
    let options = ["--migrator-dsn", &migrator, "--jobs", "1"];
    let mut running = migrate.start(&options);
    until_done(&tenants, 1).await;
    until_building(&database, "1").await;
    running.kill().unwrap();
    running.wait().unwrap();
    // The server goes on without anybody who would hear of its success.
    let state = "SELECT state FROM tenancy.tenant_migrations WHERE tenant = 't02'";
    assert_eq!(tenants.admin.text(state).await, "running");
    let (code, said) =
        migrate.run(&[&options[..], &["--lock-timeout", "50ms", "--retries", "1"]].concat());
    assert_eq!((code, said.contains("t02     55")), (3, true), "{said}");
    member.run("COMMIT").await;
    until_building(&database, "0").await;
    let (code, said) = migrate.run(&options);
    assert_eq!(code, 0, "{said}");
    assert!(lacking(&tenants).await.is_empty());
    assert_eq!(indexes(&database).await, ["3", "0"]);
    assert_eq!(applied(&tenants).await, "3");
}
