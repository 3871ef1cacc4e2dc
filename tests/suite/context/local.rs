//! `enter_local`: a tenant for one transaction.

use super::{assert_outside, whereabouts};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn a_local_context_ends_with_its_transaction_however_it_ends() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let inside = whereabouts(&tenants.enter("acme").await).await;
    let session = tenants.application.connect().await;
    for end in
        ["COMMIT", "ROLLBACK", "SELECT 1/0; COMMIT", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN"]
    {
        session.run("BEGIN; SELECT tenancy.enter_local('acme')").await;
        assert_eq!(whereabouts(&session).await, inside);
        assert_eq!(session.text("SELECT body FROM note").await, "acme");
        let _ = session.batch_execute(end).await;
        if end.contains("1/0") {
            session.run("ROLLBACK").await;
        }
        assert_outside(&session).await;
        let _ = session.batch_execute("ROLLBACK").await;
        session.refused("SELECT body FROM note").await;
    }
}

#[tokio::test]
async fn a_local_context_of_a_single_statement_ends_with_it() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    session.run("SELECT tenancy.enter_local('acme')").await;
    assert_outside(&session).await;
    let sql = "SELECT tenancy.enter_local('acme'); SELECT body FROM note";
    assert_eq!(session.rows(sql).await.concat(), [Some(String::new()), Some("acme".to_owned())]);
    assert_outside(&session).await;
}

#[tokio::test]
async fn a_local_context_cannot_be_left_or_changed_before() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.application.connect().await;
    session.run("BEGIN; SELECT tenancy.enter_local('acme')").await;
    let inside = whereabouts(&session).await;
    for attempt in [
        "SELECT tenancy.leave()",
        "SELECT tenancy.enter('globex')",
        "SELECT tenancy.enter('globex', 'a seal that is long enough')",
        "SELECT tenancy.enter_local('globex')",
        "SELECT tenancy.enter_local('acme')",
        "SELECT tenancy.seal('a seal that is long enough')",
        "SET ROLE NONE",
        "SET LOCAL SESSION AUTHORIZATION postgres",
        "SELECT 1/0",
    ] {
        session.run("SAVEPOINT a").await;
        session.refused(attempt).await;
        session.run("ROLLBACK TO a").await;
        assert_eq!(whereabouts(&session).await, inside, "{attempt}");
    }
    for attempt in ["RESET ROLE", "RESET SESSION AUTHORIZATION", "SET role TO DEFAULT"] {
        session.run(attempt).await;
        assert_eq!(whereabouts(&session).await, inside, "{attempt}");
    }
    session.run("COMMIT").await;
    assert_outside(&session).await;
}

#[tokio::test]
async fn a_subtransaction_cannot_hold_a_local_context() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    for attempt in [
        "BEGIN; SAVEPOINT a; SELECT tenancy.enter_local('acme')",
        "DO $$ BEGIN PERFORM tenancy.enter_local('acme'); EXCEPTION WHEN no_data_found THEN NULL; END $$",
    ] {
        assert_eq!(session.refusal(attempt).await, SqlState::ACTIVE_SQL_TRANSACTION, "{attempt}");
        let _ = session.batch_execute("ROLLBACK").await;
        assert_outside(&session).await;
    }
}

#[tokio::test]
async fn nothing_of_a_local_context_is_left_in_the_session() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    session.run("SET work_mem = '5MB'").await;
    for end in ["COMMIT", "ROLLBACK"] {
        session
            .run(
                "BEGIN; SELECT tenancy.enter_local('acme');
                 SET work_mem = '7MB';
                 CREATE TEMP TABLE kept (i int); PREPARE kept AS SELECT 1; LISTEN kept;
                 DECLARE kept CURSOR WITH HOLD FOR SELECT body FROM note;
                 SELECT pg_advisory_lock(1), setseed(0.5); SET search_path = pg_catalog",
            )
            .await;
        session.run(end).await;
        let sql = "SELECT (SELECT count(*) FROM pg_prepared_statements),
                          (SELECT count(*) FROM pg_cursors WHERE name = 'kept'),
                          (SELECT count(*) FROM pg_listening_channels()), to_regclass('pg_temp.kept'),
                          (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
                          current_setting('work_mem')";
        let left: Vec<_> = session.rows(sql).await.concat().into_iter().flatten().collect();
        assert_eq!(left, ["0", "0", "0", "0", "5MB"], "{end}");
        assert_outside(&session).await;
    }
}

#[tokio::test]
async fn a_local_context_is_refused_where_a_session_is_in_a_tenant_already() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.enter("acme").await;
    let code = session.refusal("SELECT tenancy.enter_local('globex')").await;
    assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE);
    assert_eq!(session.text("SELECT tenancy.current()").await, "acme");
}

#[tokio::test]
async fn reset_all_does_not_take_the_path_of_a_local_context_away() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    for end in ["COMMIT", "ROLLBACK"] {
        session.run("BEGIN; SELECT tenancy.enter_local('acme')").await;
        let inside = session.text("SHOW search_path").await;
        session.run("RESET ALL").await;
        assert_eq!(session.text("SHOW search_path").await, inside);
        assert_eq!(session.text("SELECT body FROM note").await, "acme");
        session.run(end).await;
        assert_outside(&session).await;
    }
}

#[tokio::test]
async fn one_statement_cannot_leave_the_local_context_that_it_entered() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.application.connect().await;
    for way_on in ["leave()", "enter('acme')", "enter_local('acme')"] {
        let sql = format!("SELECT tenancy.enter_local('acme'), tenancy.{way_on}");
        assert_eq!(session.refusal(&sql).await, SqlState::INSUFFICIENT_PRIVILEGE, "{way_on}");
    }
}
