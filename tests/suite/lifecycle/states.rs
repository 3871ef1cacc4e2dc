//! Moves between the states of a tenant, and what they mean to sessions that are open.

use std::time::{Duration, Instant};

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn a_tenant_made_without_activation_is_entered_only_after_it() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &[]).await;
    tenants
        .admin
        .run("SELECT tenancy.create('acme', template => 'notes', activate => false)")
        .await;
    assert_eq!(tenants.column("acme", "status").await, "verified");
    let session = tenants.application.connect().await;
    session.refused("SELECT tenancy.enter('acme')").await;
    tenants.admin.run("SELECT tenancy.activate('acme')").await;
    session.run("SELECT tenancy.enter('acme')").await;
}

#[tokio::test]
async fn a_suspended_tenant_is_refused_to_new_and_to_open_sessions_until_it_is_resumed() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let inside = tenants.enter("acme").await;
    let elsewhere = tenants.enter("globex").await;
    tenants.admin.run("SELECT tenancy.suspend('acme', reason => 'unpaid')").await;
    assert_eq!(tenants.column("acme", "suspension").await, "full");

    let newcomer = tenants.application.connect().await;
    let refusal = newcomer.refused("SELECT tenancy.enter('acme')").await;
    assert_eq!(*refusal.code(), SqlState::CANNOT_CONNECT_NOW);
    assert_eq!(inside.refusal("SELECT body FROM note").await, SqlState::CANNOT_CONNECT_NOW);
    assert_eq!(elsewhere.text("SELECT body FROM note").await, "globex");

    tenants.admin.run("SELECT tenancy.resume('acme')").await;
    newcomer.run("SELECT tenancy.enter('acme')").await;
    assert_eq!(inside.text("SELECT body FROM note").await, "acme");
}

#[tokio::test]
async fn suspending_ends_what_the_tenant_is_running() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let busy = tenants.enter("acme").await;
    let idle_in_transaction = tenants.enter("acme").await;
    idle_in_transaction.run("BEGIN; INSERT INTO note (body) VALUES ('lost')").await;
    let running = tokio::spawn(async move { busy.batch_execute("SELECT pg_sleep(60)").await });
    tokio::time::sleep(Duration::from_millis(100)).await;

    let before = Instant::now();
    tenants.admin.run("SELECT tenancy.suspend('acme', grace => '200 milliseconds')").await;
    assert!(before.elapsed() < Duration::from_secs(10), "it waited for the statement");
    let still_there = database.superuser_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()
         OR datname = current_database() AND state LIKE 'idle in transaction%'",
    );
    assert_eq!(still_there.trim(), "0");
    assert!(running.await.unwrap().is_err());

    tenants.admin.run("SELECT tenancy.resume('acme')").await;
    assert_eq!(tenants.enter("acme").await.text("SELECT count(*) FROM note").await, "1");
}

#[tokio::test]
async fn a_tenant_suspended_to_read_only_reads_and_does_not_write() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let inside = tenants.enter("acme").await;
    tenants.admin.run("SELECT tenancy.suspend('acme', mode => 'read_only')").await;
    for session in [inside, tenants.enter("acme").await] {
        assert_eq!(session.text("SELECT body FROM note").await, "acme");
        let write = session.refusal("INSERT INTO note (body) VALUES ('late')").await;
        assert_eq!(write, SqlState::READ_ONLY_SQL_TRANSACTION);
        let escape = "SET transaction_read_only = off; INSERT INTO note (body) VALUES ('late')";
        session.refused(escape).await;
        session.refused("BEGIN READ WRITE; DELETE FROM note").await;
    }
}

#[tokio::test]
async fn a_dropped_tenant_is_hidden_and_its_name_and_hostname_are_free() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let inside = tenants.enter("acme").await;
    tenants.admin.run("SELECT tenancy.drop('acme')").await;
    assert!(tenants.admin.rows("SELECT * FROM tenancy.tenants").await.is_empty());
    assert!(
        tenants.admin.rows("SELECT * FROM tenancy.resolve('acme.example.com')").await.is_empty()
    );
    inside.refused("SELECT body FROM note").await;
    let session = tenants.application.connect().await;
    let code = session.refusal("SELECT tenancy.enter('acme')").await;
    assert_eq!(code, SqlState::INVALID_CATALOG_NAME);
    tenants.add("acme").await;
    inside.refused("SELECT body FROM note").await;
    assert_eq!(tenants.enter("acme").await.text("SELECT count(*) FROM note").await, "1");
}

#[tokio::test]
async fn a_move_that_the_state_does_not_allow_is_refused() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let refusal = async |call: &str| tenants.admin.refusal(&format!("SELECT tenancy.{call}")).await;
    let wrong_state = SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE;
    assert_eq!(refusal("activate('acme')").await, wrong_state);
    assert_eq!(refusal("resume('acme')").await, wrong_state);
    assert_eq!(refusal("suspend('acme', mode => 'half')").await, SqlState::INVALID_PARAMETER_VALUE);
    assert_eq!(
        refusal("suspend('acme', grace => '-1 second')").await,
        SqlState::INVALID_PARAMETER_VALUE
    );
    for call in ["activate", "suspend", "resume", "drop"] {
        assert_eq!(
            refusal(&format!("{call}('nobody')")).await,
            SqlState::INVALID_CATALOG_NAME,
            "{call}"
        );
    }
}

#[tokio::test]
async fn every_move_is_audited_with_its_actor() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    tenants
        .admin
        .run("SELECT tenancy.suspend('acme'), tenancy.resume('acme'), tenancy.drop('acme')")
        .await;
    let actor = tenants.admin.text("SELECT session_user").await;
    let actions = tenants
        .admin
        .rows(&format!("SELECT action FROM tenancy.audit_log WHERE actor = '{actor}' ORDER BY id"))
        .await
        .concat();
    for action in ["create", "suspend", "resume", "drop"] {
        assert!(actions.contains(&Some(action.to_owned())), "{action} is not in {actions:?}");
    }
}
