//! A suspension against many sessions that come in, work and leave as fast as they can.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::KEY;
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;

/// Whether another session of this database does anything.
const BUSY: &str = "
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend' AND (xact_start IS NOT NULL OR state <> 'idle')";

/// Statements that each of them sends in turn, whatever the answer.
fn works() -> [Vec<String>; 4] {
    let enter = format!("SELECT tenancy.enter('acme', '{KEY}')");
    let leave = format!("SELECT tenancy.leave('{KEY}')");
    let write = "INSERT INTO note (body) VALUES ('flood')".to_owned();
    [
        vec![enter.clone(), write.clone(), leave.clone()],
        vec!["BEGIN".into(), enter.clone(), write.clone(), "COMMIT".into(), leave],
        vec![
            "BEGIN".into(),
            "SELECT tenancy.enter_local('acme')".into(),
            write.clone(),
            "COMMIT".into(),
        ],
        vec![enter, "BEGIN".into(), write, "SELECT pg_sleep(0.01)".into(), "COMMIT".into()],
    ]
}

async fn flood(session: Session, work: Vec<String>, ends: Arc<AtomicBool>) {
    while !ends.load(Ordering::Relaxed) && !session.is_closed() {
        for statement in &work {
            // Refused, cancelled, ended: all of it may happen, and the next one is sent anyway.
            let failed = session.batch_execute(statement).await.is_err();
            if failed && work.iter().any(|statement| statement == "BEGIN") {
                let _ = session.batch_execute("ROLLBACK").await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_sessions_leaves_none_running_after_the_suspension() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let superuser = database.superuser().await;
    for round in 0..5 {
        let rows =
            "SELECT count(*) FROM ?.note".replace('?', &tenants.column("acme", "schema").await);
        let before = superuser.text(&rows).await;
        let ends = Arc::new(AtomicBool::new(false));
        let mut sessions = Vec::new();
        for work in works().into_iter().cycle().take(12) {
            let session = tenants.application.connect().await;
            sessions.push(tokio::spawn(flood(session, work, Arc::clone(&ends))));
        }
        tokio::time::sleep(Duration::from_millis(100 + 30 * round)).await;
        tenants.admin.run("SELECT tenancy.suspend('acme', grace => '50 milliseconds')").await;
        let written = superuser.text(&rows).await;
        assert_ne!(written, before, "round {round}: the flood did nothing");
        // The flood goes on, and none of it gets anything done.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(superuser.text(&rows).await, written, "round {round}: written after suspend");
        let locks = "SELECT count(*) FROM pg_locks WHERE relation = '?.note'::regclass"
            .replace('?', &tenants.column("acme", "schema").await);
        assert_eq!(superuser.text(&locks).await, "0", "round {round}: a transaction is left");
        ends.store(true, Ordering::Relaxed);
        for session in sessions {
            session.await.unwrap();
        }
        tenants.admin.run("SELECT tenancy.resume('acme')").await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(superuser.text(BUSY).await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspensions_of_many_tenants_at_once_do_not_wait_for_each_other() {
    let database = Database::new();
    let names = ["a1", "a2", "a3", "a4", "a5", "a6"];
    let tenants = Tenants::create(&database, &names).await;
    let mut suspensions = Vec::new();
    for name in names {
        let holder = tenants.enter(name).await;
        holder.run("BEGIN; INSERT INTO note (body) VALUES ('lost')").await;
        let admin = database.admin().await;
        suspensions.push(tokio::spawn(async move {
            admin
                .run(&format!("SELECT tenancy.suspend('{name}', grace => '100 milliseconds')"))
                .await;
            drop(holder);
        }));
    }
    for suspension in suspensions {
        tokio::time::timeout(Duration::from_secs(20), suspension).await.unwrap().unwrap();
    }
    let suspended = "SELECT count(*) FROM tenancy.tenants WHERE status = 'suspended'";
    assert_eq!(tenants.admin.text(suspended).await, "6");
}
