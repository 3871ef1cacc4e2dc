//! A client that gives its connection back when its transaction ends (pooling 'transaction'): what
//! would be left behind is refused with a way out, and everything else works.

use super::{Gateway, state_of};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Reply, Request, ServerError};

const OUT: &str =
    "Connect with options=-c tenancy.pooling=session to keep a connection of your own.";

/// What leaves something behind, one of each form.
const LASTING: &[&str] = &[
    "LISTEN orders",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_advisory_lock(1, 2)",
    "SELECT pg_advisory_lock_shared(1)",
    "SELECT pg_advisory_lock_shared(1, 2)",
    "SELECT pg_try_advisory_lock(1)",
    "SELECT pg_try_advisory_lock(1, 2)",
    "SELECT pg_try_advisory_lock_shared(1)",
    "SELECT pg_try_advisory_lock_shared(1, 2)",
    "CREATE TEMP TABLE t (i int)",
    "CREATE TEMPORARY TABLE IF NOT EXISTS t (i int)",
    "CREATE LOCAL TEMP TABLE t (i int)",
    "CREATE TEMP TABLE t (i int) ON COMMIT DELETE ROWS",
    "CREATE TEMP TABLE t (i int) ON COMMIT PRESERVE ROWS",
    "CREATE TABLE pg_temp.t (i int)",
    "CREATE TEMP TABLE t AS SELECT 1 AS i",
    "CREATE TEMP TABLE t ON COMMIT DELETE ROWS AS SELECT 1 AS i",
    "CREATE TABLE pg_temp.t AS SELECT 1 AS i",
    "SELECT 1 AS i INTO TEMP t",
    "SELECT 1 AS i INTO pg_temp.t",
    "CREATE TEMP VIEW v AS SELECT 1 AS i",
    "CREATE OR REPLACE TEMP VIEW v AS SELECT 1 AS i",
    "CREATE VIEW pg_temp.v AS SELECT 1 AS i",
    "CREATE TEMP SEQUENCE s",
    "CREATE SEQUENCE pg_temp.s",
    "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "PREPARE p AS SELECT 1",
    "PREPARE p (int) AS SELECT $1",
];

/// What no statement tells: found when the transaction commits.
const FOUND_AT_COMMIT: &[&str] = &[
    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE pg_temp.kind AS ENUM ('a')",
    "CREATE TYPE pg_temp.pair AS (a int, b int)",
    "CREATE DOMAIN pg_temp.number AS int",
    "EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1 AS i",
];

/// What works as ever.
const ORDINARY: &[&str] = &[
    "NOTIFY orders, 'x'",
    "UNLISTEN orders",
    "UNLISTEN *",
    "SELECT pg_advisory_xact_lock(1), pg_advisory_xact_lock_shared(2)",
    "SELECT pg_try_advisory_xact_lock(1, 2), pg_try_advisory_xact_lock_shared(1, 3)",
    "SELECT pg_advisory_unlock(1), pg_advisory_unlock_all()",
    "CREATE TEMP TABLE t (i int) ON COMMIT DROP",
    "CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1 AS i",
    "BEGIN; CREATE TEMP TABLE t (i serial) ON COMMIT DROP; INSERT INTO t DEFAULT VALUES;
     CREATE INDEX ON t (i); TABLE t; COMMIT",
    "BEGIN; CREATE TEMP TABLE t (i int) ON COMMIT DROP; SAVEPOINT a; DROP TABLE t; ROLLBACK TO a; COMMIT",
    "BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH c; CLOSE c; COMMIT",
    "DO $$ DECLARE c CURSOR FOR SELECT 1; BEGIN OPEN c; CLOSE c; END $$",
    "CLOSE ALL",
    "DEALLOCATE ALL",
    "DISCARD PLANS",
    "DISCARD SEQUENCES",
    "DISCARD TEMP",
    "DISCARD ALL",
    "SET work_mem = '100kB'",
    "EXPLAIN CREATE TEMP TABLE t AS SELECT 1 AS i",
    "INSERT INTO note (body) VALUES ('x')",
];

async fn gateway(database: &Database<'_>) -> Gateway {
    Tenants::create(database, &["acme", "globex"]).await;
    Gateway::connect(database).await
}

fn error(replies: &[Reply]) -> ServerError {
    let errors = replies.iter().filter_map(|reply| match reply {
        Reply::Error(error) => Some(error.clone()),
        _ => None,
    });
    errors.last().unwrap_or_default()
}

fn assert_says_the_way_out(statement: &str, error: &ServerError) {
    assert_eq!(error.code, "0A000", "{statement}: {error:?}");
    assert_eq!(error.hint.as_deref(), Some(OUT), "{statement}: {error:?}");
    assert!(error.detail.is_some(), "{statement}: {error:?}");
}

#[tokio::test]
async fn what_outlives_a_transaction_is_refused_where_the_connection_is_given_back() {
    let database = Database::new();
    let mut gateway = gateway(&database).await;
    gateway.switch_for("acme", "transaction", "").await;
    for statement in LASTING {
        let replies = gateway.wire.ask(Request::new().query(statement)).await;
        assert_says_the_way_out(statement, &error(&replies));
        let request = Request::new().parse("", statement).bind("", &[]).execute().sync();
        assert_says_the_way_out(statement, &error(&gateway.wire.ask(request).await));
        // At the statement, not at the end.
        gateway.run("BEGIN").await;
        assert_eq!(gateway.refusal(statement).await, "0A000", "{statement}");
        gateway.run("ROLLBACK").await;
        let nested = format!("DO $a$ BEGIN EXECUTE $b${statement}$b$; END $a$");
        let nested =
            nested.replace("$b$SELECT 1 AS i INTO", "$b$CREATE TEMP TABLE t AS SELECT 1 AS i --");
        let replies = gateway.wire.ask(Request::new().query(&nested)).await;
        assert_says_the_way_out(&nested, &error(&replies));
    }
    assert_eq!(gateway.text("SELECT tenancy.current()").await, "acme");
}

#[tokio::test]
async fn temporary_objects_of_other_kinds_are_found_when_they_would_stay() {
    let database = Database::new();
    let mut gateway = gateway(&database).await;
    gateway.switch_for("acme", "transaction", "").await;
    for statement in FOUND_AT_COMMIT {
        let replies = gateway.wire.ask(Request::new().query(statement)).await;
        assert_says_the_way_out(statement, &error(&replies));
        let block = format!("BEGIN; {statement}; COMMIT");
        let replies = gateway.wire.ask(Request::new().query(&block)).await;
        assert_says_the_way_out(&block, &error(&replies));
        assert!(replies.contains(&Reply::Ready('I')));
        gateway
            .run(
                &format!("BEGIN; {statement}; DISCARD TEMP; COMMIT")
                    .replace("DISCARD TEMP; COMMIT", "ROLLBACK"),
            )
            .await;
    }
    let left = "SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass
                AND refobjid = pg_my_temp_schema()";
    assert_eq!(gateway.text(left).await, "0");
}

#[tokio::test]
async fn everything_else_works_where_the_connection_is_given_back() {
    let database = Database::new();
    let mut gateway = gateway(&database).await;
    gateway.switch_for("acme", "transaction", "").await;
    for statement in ORDINARY {
        let replies = gateway.wire.ask(Request::new().query(statement)).await;
        assert_eq!(state_of(&replies), None, "{statement}: {replies:?}");
    }
    let prepare = Request::new().parse("kept", "SELECT body FROM note LIMIT 1").sync();
    assert_eq!(state_of(&gateway.wire.ask(prepare).await), None);
    let execute = Request::new().bind("kept", &[]).execute().sync();
    assert_eq!(state_of(&gateway.wire.ask(execute).await), None);
}

#[tokio::test]
async fn a_client_with_a_connection_of_its_own_may_leave_what_it_likes() {
    let database = Database::new();
    let mut gateway = gateway(&database).await;
    for by_two in [true, false] {
        for statement in LASTING.iter().chain(FOUND_AT_COMMIT).chain(ORDINARY) {
            // What another client was refused is no matter here.
            gateway.switch_for("globex", "transaction", "").await;
            if by_two {
                gateway.switch("acme").await;
            } else {
                gateway.switch_for("acme", "session", "").await;
            }
            let replies = gateway.wire.ask(Request::new().query(statement)).await;
            assert_eq!(state_of(&replies), None, "{statement}: {replies:?}");
        }
    }
}
