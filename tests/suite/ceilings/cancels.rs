//! A statement's time is over when it is over: no handler of the tenant's catches that away.

use std::time::{Duration, Instant};

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;

/// A session in a tenant whose statements have a third of a second.
async fn hurried(database: &Database<'_>, tenants: &Tenants) -> Session {
    let login = tenants.application.name();
    database.superuser_sql(&format!("ALTER ROLE {login} SET statement_timeout = '300ms'"));
    tenants.enter("acme").await
}

const CAUGHT: &str = "EXCEPTION WHEN query_canceled THEN";

#[tokio::test]
async fn what_catches_the_end_of_its_time_is_cancelled_again() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = hurried(&database, &tenants).await;
    for body in [
        format!("BEGIN PERFORM pg_sleep(2); {CAUGHT} PERFORM pg_sleep(2); END"),
        format!("BEGIN PERFORM pg_sleep(2); {CAUGHT} END; PERFORM pg_sleep(2)"),
        format!("LOOP BEGIN PERFORM pg_sleep(2); {CAUGHT} NULL; END; END LOOP"),
        format!(
            "BEGIN BEGIN PERFORM pg_sleep(2); {CAUGHT} END; PERFORM 1; {CAUGHT} END; PERFORM pg_sleep(2)"
        ),
        format!("BEGIN PERFORM pg_sleep(2); {CAUGHT} END; COMMIT; PERFORM pg_sleep(2)"),
        format!("BEGIN PERFORM pg_sleep(2); {CAUGHT} LOOP NULL; END LOOP; END"),
        format!(
            "BEGIN EXECUTE 'SELECT pg_sleep(2)'; {CAUGHT} FOR i IN 1..2000000000 LOOP END LOOP; END"
        ),
    ] {
        let began = Instant::now();
        let code = session.refusal(&format!("DO $$ BEGIN {body}; END $$")).await;
        assert_eq!(code.code(), "57014", "{body}");
        assert!(began.elapsed() < Duration::from_millis(1500), "{body}: {:?}", began.elapsed());
        session.run("SELECT 1").await;
    }
}

#[tokio::test]
async fn what_goes_on_catching_loses_its_connection() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = hurried(&database, &tenants).await;
    let mut body = "PERFORM pg_sleep(2);".to_owned();
    for _ in 0..6 {
        body = format!("BEGIN {body} {CAUGHT} END; PERFORM 1;");
    }
    let _ = session.batch_execute(&format!("DO $$ BEGIN {body} END $$")).await;
    assert!(session.batch_execute("SELECT 1").await.is_err(), "the connection has ended");
}

#[tokio::test]
async fn cancelling_as_such_goes_on_as_ever() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = hurried(&database, &tenants).await;
    let outer = "DO $$ BEGIN BEGIN BEGIN BEGIN PERFORM pg_sleep(2); EXCEPTION WHEN OTHERS THEN END;
        EXCEPTION WHEN OTHERS THEN END; EXCEPTION WHEN OTHERS THEN END; END $$";
    for _ in 0..5 {
        let error = session.refused(outer).await;
        assert_eq!(error.message(), "canceling statement due to statement timeout");
    }
    session.run("BEGIN; SAVEPOINT a").await;
    for _ in 0..5 {
        assert_eq!(session.refusal("SELECT pg_sleep(2)").await.code(), "57014");
        session.run("ROLLBACK TO a").await;
        assert_eq!(session.text("SELECT body FROM note").await, "acme");
    }
    session.run("COMMIT").await;
    // What only looks like one is the function's own affair.
    session
        .run(
            "DO $$ BEGIN FOR i IN 1..9 LOOP BEGIN RAISE EXCEPTION USING ERRCODE = '57014';
             EXCEPTION WHEN query_canceled THEN PERFORM 1; END; END LOOP; END $$",
        )
        .await;
}

#[tokio::test]
async fn outside_a_tenant_handlers_catch_what_they_like() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = hurried(&database, &tenants).await;
    drop(session);
    let session = tenants.application.connect().await;
    session
        .run(&format!("DO $$ BEGIN PERFORM pg_sleep(2); {CAUGHT} PERFORM pg_sleep(0.1); END $$"))
        .await;
}
