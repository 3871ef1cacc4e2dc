//! What becomes of the sessions that are in a tenant when it is taken out of service, and what a
//! suspension that does not come about has done to them: nothing.

use std::time::{Duration, Instant};

use super::KEY;
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

async fn assert_suspended(session: &Session) {
    for statement in
        ["SELECT body FROM note", "SELECT 1", "SET work_mem = '1MB'", "BEGIN; SELECT 1"]
    {
        let code = session.refusal(statement).await;
        assert_eq!(code, SqlState::CANNOT_CONNECT_NOW, "{statement}");
    }
    session.run("ROLLBACK").await;
}

#[tokio::test]
async fn a_suspension_cancels_statements_and_ends_sessions_that_do_not_go_by_themselves() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let (running, idle, local) = (
        tenants.enter("acme").await,
        tenants.enter("acme").await,
        tenants.application.connect().await,
    );
    idle.run("BEGIN; INSERT INTO note (body) VALUES ('lost')").await;
    local.run("BEGIN; SELECT tenancy.enter_local('acme')").await;
    let bystander = tenants.enter("globex").await;
    bystander.run("BEGIN; INSERT INTO note (body) VALUES ('kept')").await;
    let pids = [&running, &idle, &local].map(|session| session.text("SELECT pg_backend_pid()"));
    let pids = futures_util::future::join_all(pids).await.join(",");
    let running = tokio::spawn(async move { running.batch_execute("SELECT pg_sleep(60)").await });
    tokio::time::sleep(Duration::from_millis(100)).await;

    let begun = Instant::now();
    tenants.admin.run("SELECT tenancy.suspend('acme', grace => '100 milliseconds')").await;
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let busy = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE pid IN ({pids}) AND xact_start IS NOT NULL"
    );
    assert_eq!(database.superuser_sql(&busy).trim(), "0");
    assert!(running.await.unwrap().is_err());

    bystander.run("COMMIT").await;
    assert_eq!(bystander.text("SELECT count(*) FROM note").await, "2");
    tenants.admin.run("SELECT tenancy.resume('acme')").await;
    assert_eq!(tenants.enter("acme").await.text("SELECT count(*) FROM note").await, "1");
}

#[tokio::test]
async fn an_idle_session_is_refused_at_its_next_statement_and_goes_on_after_resume() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.enter_with("acme", KEY).await;
    session.run("PREPARE p AS SELECT body FROM note").await;
    let other = tenants.enter("globex").await;
    for _ in 0..2 {
        tenants.admin.run("SELECT tenancy.suspend('acme')").await;
        assert_suspended(&session).await;
        assert_eq!(session.refusal("EXECUTE p").await, SqlState::CANNOT_CONNECT_NOW);
        assert_eq!(other.text("SELECT body FROM note").await, "globex");
        let newcomer = tenants.application.connect().await;
        for enter in ["enter('acme')", "enter_local('acme')"] {
            let code = newcomer.refusal(&format!("SELECT tenancy.{enter}")).await;
            assert_eq!(code, SqlState::CANNOT_CONNECT_NOW, "{enter}");
        }
        tenants.admin.run("SELECT tenancy.resume('acme')").await;
        assert_eq!(session.text("SELECT body FROM note").await, "acme");
        assert_eq!(session.text("EXECUTE p").await, "acme");
    }
}

#[tokio::test]
async fn a_suspension_that_is_rolled_back_has_changed_nothing() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let inside = tenants.enter("acme").await;
    for way in ["suspend('acme')", "suspend('acme', 'read_only')", "drop('acme')"] {
        tenants.admin.run(&format!("BEGIN; SELECT tenancy.{way}")).await;
        // Until the end of that transaction nobody knows how it ends: nobody comes in.
        let code = inside.refusal("SELECT body FROM note").await;
        assert_eq!(code, SqlState::CANNOT_CONNECT_NOW, "{way}");
        tenants.admin.run("ROLLBACK").await;
        assert_eq!(tenants.column("acme", "status").await, "active", "{way}");
        inside.run("INSERT INTO note (body) VALUES ('written')").await;
        tenants.enter("acme").await.run("SELECT body FROM note").await;
    }
}

#[tokio::test]
async fn a_suspension_whose_session_dies_holds_nobody_up() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let inside = tenants.enter("acme").await;
    let other = database.admin().await;
    other.run("BEGIN; SELECT tenancy.suspend('acme')").await;
    let pid = other.text("SELECT pg_backend_pid()").await;
    inside.refused("SELECT body FROM note").await;
    database.superuser_sql(&format!("SELECT pg_terminate_backend({pid}, 5000)"));
    assert_eq!(inside.text("SELECT body FROM note").await, "acme");
    tenants.admin.run("SELECT tenancy.suspend('acme'), tenancy.resume('acme')").await;
    assert_eq!(inside.text("SELECT body FROM note").await, "acme");
}

#[tokio::test]
async fn a_dropped_tenant_is_hidden_and_frees_its_name_and_hostname() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let inside = tenants.enter("acme").await;
    let schema = tenants.column("acme", "schema").await;
    let busy = tenants.enter("acme").await;
    busy.run("BEGIN; INSERT INTO note (body) VALUES ('lost')").await;
    tenants.admin.run("SELECT tenancy.drop('acme', grace => '0 seconds')").await;
    assert!(busy.batch_execute("COMMIT").await.is_err());
    assert_eq!(inside.refusal("SELECT 1").await, SqlState::INVALID_CATALOG_NAME);
    for look in [
        "SELECT 1 FROM tenancy.tenants",
        "SELECT 1 FROM tenancy.domains",
        "SELECT * FROM tenancy.resolve('acme.example.com')",
    ] {
        assert!(tenants.admin.rows(look).await.is_empty(), "{look}");
    }
    // Data and owner stay, the tenant role's way in does not.
    let kept = format!(
        "SELECT count(*), has_schema_privilege('{schema}', '{schema}', 'USAGE') FROM {schema}.note"
    );
    assert_eq!(database.superuser_sql(&kept).trim(), "1|f");
    tenants.add("acme").await;
    assert_ne!(tenants.column("acme", "schema").await, schema);
    assert_eq!(inside.refusal("SELECT 1").await, SqlState::INVALID_CATALOG_NAME);
    let route = "SELECT tenant FROM tenancy.resolve('acme.example.com')";
    assert_eq!(tenants.admin.text(route).await, "acme");
}
