//! Between two tenants: nothing runs but the switch, whatever it is and whichever way it comes.

use super::{Gateway, has_rows, oid, state_of};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Request, Wire};

/// One of each kind of statement. None of them names a table of the application, which would be
/// refused for not being there.
const STATEMENTS: &[&str] = &[
    "SELECT 1",
    "SELECT",
    "SELECT current_user",
    "SELECT tenancy.current()",
    "SELECT tenancy.require()",
    "SELECT tenancy.version()",
    "SELECT count(*) FROM pg_catalog.pg_class",
    "TABLE pg_catalog.pg_roles",
    "VALUES (1)",
    "WITH w AS (SELECT 1) SELECT * FROM w",
    "SELECT tenancy.switch('no', 'acme'), 1",
    "SELECT tenancy.switch('no', 'acme') FROM generate_series(1, 2)",
    "SELECT tenancy.switch(pg_catalog.current_query(), 'acme')",
    "SELECT tenancy.switch((SELECT 'no'), 'acme')",
    "SELECT 1 WHERE tenancy.switch('no', 'acme') IS NULL",
    "SELECT tenancy.switch('no', 'acme', 'session', ''), 1",
    "SELECT tenancy.switch('no', 'acme', 'session', '') FROM generate_series(1, 2)",
    "SELECT tenancy.switch(pg_catalog.current_query(), 'acme', 'session', '')",
    "SELECT tenancy.switch('no', 'acme', 'session', (SELECT ''))",
    "SELECT 1 WHERE tenancy.switch('no', 'acme', 'session', NULL) IS NULL",
    "SELECT pg_catalog.set_config('role', 'none', false)",
    "SELECT pg_catalog.pg_sleep(0)",
    "SHOW search_path",
    "SHOW ALL",
    "SET work_mem = '1MB'",
    "SET LOCAL work_mem = '1MB'",
    "SET ROLE NONE",
    "SET SESSION AUTHORIZATION DEFAULT",
    "RESET ROLE",
    "RESET ALL",
    "DISCARD ALL",
    "DISCARD TEMP",
    "DO $$ BEGIN END $$",
    "COPY (SELECT 1) TO STDOUT",
    "COPY pg_catalog.pg_class TO STDOUT",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE ALL",
    "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "FETCH c",
    "CLOSE ALL",
    "LISTEN x",
    "UNLISTEN *",
    "NOTIFY x",
    "CREATE TEMP TABLE x (i int)",
    "CREATE TEMP TABLE x AS SELECT 1",
    "SELECT 1 INTO TEMP x",
    "CREATE TABLE public.x (i int)",
    "CREATE SCHEMA x",
    "CREATE ROLE x",
    "ALTER ROLE CURRENT_USER PASSWORD 'x'",
    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CALL x()",
    "LOCK TABLE pg_catalog.pg_class IN ACCESS SHARE MODE",
    "SET CONSTRAINTS ALL IMMEDIATE",
    "VACUUM",
    "ANALYZE",
    "CHECKPOINT",
    "LOAD 'plpgsql'",
    "SECURITY LABEL ON ROLE postgres IS 'x'",
    "PREPARE TRANSACTION 'x'",
];

/// Refused by the guard, or, where a name comes first, because nothing of that name is found.
fn is_refused(code: Option<&str>) -> bool {
    matches!(code, Some("42501" | "26000" | "42883" | "34000"))
}

async fn parked(database: &Database<'_>) -> Gateway {
    Tenants::create(database, &["acme"]).await;
    let mut gateway = Gateway::connect(database).await;
    gateway.switch("acme").await;
    gateway.park().await;
    gateway
}

#[tokio::test]
async fn between_tenants_every_statement_is_refused() {
    let database = Database::new();
    let mut parked = parked(&database).await;
    let mut fresh = Gateway::connect(&database).await;
    for gateway in [&mut parked, &mut fresh] {
        for statement in STATEMENTS {
            let replies = gateway.wire.ask(Request::new().query(statement)).await;
            assert!(is_refused(state_of(&replies)), "{statement}: {replies:?}");
            assert!(!has_rows(&replies), "{statement}: {replies:?}");
        }
        gateway.switch("acme").await;
        assert_eq!(gateway.text("SELECT body FROM note").await, "acme");
    }
}

#[tokio::test]
async fn between_tenants_a_transaction_can_be_opened_and_holds_nothing() {
    let database = Database::new();
    let mut gateway = parked(&database).await;
    for statement in STATEMENTS {
        for begin in
            ["BEGIN", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE", "BEGIN; SAVEPOINT a"]
        {
            gateway.run(begin).await;
            let replies = gateway.wire.ask(Request::new().query(statement)).await;
            assert!(is_refused(state_of(&replies)), "{begin}; {statement}: {replies:?}");
            gateway.run("ROLLBACK").await;
        }
    }
}

#[tokio::test]
async fn between_tenants_the_extended_protocol_runs_nothing_either() {
    let database = Database::new();
    let mut gateway = parked(&database).await;
    for statement in STATEMENTS {
        let request = Request::new().parse("", statement).bind("", &[]).execute().sync();
        let replies = gateway.wire.ask(request).await;
        assert!(is_refused(state_of(&replies)), "{statement}: {replies:?}");
        assert!(!has_rows(&replies), "{statement}: {replies:?}");
    }
}

#[tokio::test]
async fn statements_prepared_in_a_tenant_do_not_run_between_tenants() {
    let database = Database::new();
    let mut gateway = parked(&database).await;
    gateway.switch("acme").await;
    let prepare = Request::new().parse("kept", "SELECT body FROM note").sync();
    assert_eq!(state_of(&gateway.wire.ask(prepare).await), None);
    let execute = || Request::new().bind("kept", &[]).execute().sync();
    assert!(has_rows(&gateway.wire.ask(execute()).await));
    gateway.park().await;
    let replies = gateway.wire.ask(execute()).await;
    assert!(matches!(state_of(&replies), Some("42501" | "42P01")), "{replies:?}");
    assert!(!has_rows(&replies), "{replies:?}");
}

#[tokio::test]
async fn between_tenants_function_calls_reach_nothing_but_the_switch() {
    let database = Database::new();
    Tenants::create(&database, &["acme"]).await;
    // Function OIDs are the database's, not the connection's.
    let mut ordinary = Wire::connect(&database.login(&[])).await;
    let mut gateway = Gateway::connect(&database).await;
    let functions: [(&str, &[Option<&str>]); 9] = [
        ("pg_backend_pid()", &[]),
        ("version()", &[]),
        ("pg_terminate_backend(int,bigint)", &[Some("1"), Some("0")]),
        ("set_config(text,text,boolean)", &[Some("work_mem"), Some("1MB"), Some("f")]),
        (
            "query_to_xml(text,boolean,boolean,text)",
            &[Some("SELECT 1"), Some("t"), Some("t"), Some("")],
        ),
        ("lo_creat(int)", &[Some("0")]),
        ("tenancy.current()", &[]),
        ("tenancy.version()", &[]),
        ("tenancy.seal(text)", &[Some("another seal of this connection")]),
    ];
    for (function, arguments) in functions {
        let function_oid = oid(&mut ordinary, function).await;
        let call = Request::new().function_call(function_oid, arguments);
        assert_eq!(state_of(&gateway.wire.ask(call).await), Some("42501"), "{function}");
    }
    gateway.switch("acme").await;
    assert_eq!(gateway.text("SELECT body FROM note").await, "acme");
}

#[tokio::test]
async fn between_tenants_clients_are_told_that_there_is_none() {
    let database = Database::new();
    let mut gateway = parked(&database).await;
    gateway.switch("acme").await;
    let replies = gateway.wire.ask(gateway.call(&gateway.seal, None)).await;
    let reported = |name: &str, value: &str| {
        let parameter = tenancy_tests::wire::Reply::Parameter(name.into(), value.into());
        assert!(replies.contains(&parameter), "{name}: {replies:?}");
    };
    reported("tenancy.tenant", "");
    reported("search_path", "pg_catalog, pg_temp");
}
