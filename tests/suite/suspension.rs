//! A suspension must leave nothing of the tenant running, in whatever state its sessions are.

mod by_hand;
mod flood;
mod logins;
mod read_only;
mod sessions;

use std::time::{Duration, Instant};

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const QUICK: &str = "SELECT tenancy.suspend('acme', grace => '100 ms')";

/// Sessions of the tenant's roles that have a transaction open.
async fn running(database: &Database<'_>) -> String {
    let count = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()";
    database.superuser().await.text(count).await
}

#[tokio::test]
async fn it_ends_running_statements_and_idle_transactions() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let (busy, idle) = (tenants.enter("acme").await, tenants.enter("acme").await);
    idle.run("BEGIN; INSERT INTO note (body) VALUES ('never')").await;
    let sleeping = tokio::spawn(async move { busy.refusal("SELECT pg_sleep(60)").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    tenants.admin.run(QUICK).await;
    assert_eq!(running(&database).await, "0");
    assert_eq!(sleeping.await.unwrap().code(), "57014");
    assert!(idle.simple_query("COMMIT").await.is_err());
    tenants.admin.run("SELECT tenancy.resume('acme')").await;
    assert_eq!(tenants.enter("acme").await.rows("SELECT body FROM note").await.len(), 1);
}

#[tokio::test]
async fn it_waits_for_what_ends_within_the_grace_period() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let busy = tenants.enter("acme").await;
    let work = "SELECT pg_sleep(0.5); INSERT INTO note (body) VALUES ('done')";
    let working = tokio::spawn(async move { busy.run(work).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    tenants.admin.run("SELECT tenancy.suspend('acme', grace => '20 s')").await;
    working.await.unwrap();
}

#[tokio::test]
async fn an_idle_session_is_refused_until_the_tenant_is_resumed() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    tenants.admin.run(QUICK).await;
    for _ in 0..2 {
        assert_eq!(session.refusal("SELECT body FROM note").await.code(), "57P03");
    }
    let other = tenants.application.connect().await;
    assert_eq!(other.refusal("SELECT tenancy.enter('acme')").await.code(), "57P03");
    tenants.admin.run("SELECT tenancy.resume('acme')").await;
    assert_eq!(session.text("SELECT body FROM note").await, "acme");
}

#[tokio::test]
async fn a_read_only_suspension_reads_and_does_not_write() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    tenants.admin.run("SELECT tenancy.suspend('acme', mode => 'read_only')").await;
    assert_eq!(session.text("SELECT body FROM note").await, "acme");
    for write in [
        "INSERT INTO note (body) VALUES ('x')",
        "BEGIN; SET TRANSACTION READ WRITE; INSERT INTO note (body) VALUES ('x')",
        "SELECT nextval('note_id_seq')",
        "DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; PERFORM nextval('note_id_seq'); END $$",
    ] {
        assert_eq!(session.refusal(write).await.code(), "25006", "{write}");
        session.run("ROLLBACK").await;
    }
    tenants.admin.run("SELECT tenancy.resume('acme')").await;
    session.run("INSERT INTO note (body) VALUES ('x')").await;
}

#[tokio::test]
async fn a_suspension_that_is_rolled_back_changes_nothing() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    tenants.admin.run("BEGIN").await;
    tenants.admin.run(QUICK).await;
    assert_eq!(session.refusal("SELECT 1").await.code(), "57P03");
    tenants.admin.run("ROLLBACK").await;
    assert_eq!(session.text("SELECT body FROM note").await, "acme");
}

#[tokio::test]
async fn nobody_slips_in_while_a_suspension_is_under_way() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let flood: Vec<_> = (0..8)
        .map(|_| {
            let login = tenants.application.clone();
            tokio::spawn(async move {
                let session = login.connect().await;
                let begin = Instant::now();
                while begin.elapsed() < Duration::from_secs(2) {
                    let enter = format!("SELECT tenancy.enter('acme', seal => '{KEY}')");
                    if session.batch_execute(&enter).await.is_ok() {
                        let _ = session
                            .batch_execute("SELECT count(*), pg_sleep(0.01) FROM note")
                            .await;
                        let _ =
                            session.batch_execute(&format!("SELECT tenancy.leave('{KEY}')")).await;
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    tenants.admin.run(QUICK).await;
    let rows = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND query LIKE '%pg_sleep(0.01)%' AND state = 'active' AND pid <> pg_backend_pid()";
    let watcher = database.superuser().await;
    for _ in 0..50 {
        assert_eq!(watcher.text(rows).await, "0");
    }
    for client in flood {
        client.await.unwrap();
    }
}

#[tokio::test]
async fn a_revoked_grant_and_a_change_by_hand_reach_open_sessions() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    database.superuser_sql("UPDATE tenancy.tenant SET status = 'suspended', suspension = 'full'");
    assert_eq!(session.refusal("SELECT 1").await.code(), "57P03");
    database.superuser_sql("UPDATE tenancy.tenant SET status = 'active', suspension = NULL");
    session.run("SELECT 1").await;
    let login = tenants.application.name();
    tenants.admin.run(&format!("SELECT tenancy.revoke_login('{login}', '*')")).await;
    assert_eq!(session.refusal("SELECT 1").await.code(), "3D000");
}
