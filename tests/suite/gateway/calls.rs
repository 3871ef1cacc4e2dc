//! A FunctionCall that fails in a tenant: it may have been a switch that never got there, so what was
//! written behind it, for the next tenant, does not run in the old one.

use super::failures::assert_refused;
use super::{Gateway, oid, state_of};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::Request;

/// No function has it: OIDs are given from 16384 on, upwards.
const NO_FUNCTION: u32 = u32::MAX;
const BEHIND: &str = "INSERT INTO note (body) VALUES ('meant for another') RETURNING body";

/// Calls that never reach `switch()`, and how each fails.
fn failing(gateway: &Gateway) -> Vec<(&'static str, Request, &'static str)> {
    let arguments = [Some(gateway.seal.as_str()), Some("globex")];
    let call =
        |function, arguments: &[Option<&str>]| Request::new().function_call(function, arguments);
    let raw = |rest: &[u8]| {
        let body = [&gateway.switch.to_be_bytes(), rest].concat();
        Request::new().raw(b'F', &body)
    };
    vec![
        ("outdated OID", call(NO_FUNCTION, &arguments), "42883"),
        ("too few arguments", call(gateway.switch, &arguments[..1]), "08P01"),
        ("too many arguments", call(gateway.switch, &[None; 3]), "08P01"),
        ("broken encoding", raw(&[0, 0, 0, 2, 0, 0, 0, 1, 0xff, 0, 0, 0, 1, b'x', 0, 0]), "22021"),
        ("cut off", raw(&[0, 0, 0, 2, 0, 0, 0, 9, b'x']), "08P01"),
        (
            "longer than it says",
            raw(&[0, 0, 0, 2, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0]),
            "08P01",
        ),
        (
            "unknown format",
            raw(&[0, 1, 0, 9, 0, 2, 0, 0, 0, 1, b'x', 0, 0, 0, 1, b'y', 0, 0]),
            "22023",
        ),
        ("no function at all", Request::new().raw(b'F', &[]), "08P01"),
    ]
}

async fn assert_closes(gateway: &mut Gateway, what: &str, call: Request, code: &str) {
    gateway.switch("acme").await;
    let failed = gateway.wire.ask(call.query(BEHIND)).await;
    assert_eq!(state_of(&failed), Some(code), "{what}: {failed:?}");
    assert_refused(gateway, what).await;
    assert_eq!(gateway.refusal("SELECT 1").await, "42501", "{what}");
}

async fn assert_nothing_was_written(gateway: &mut Gateway) {
    for tenant in ["acme", "globex"] {
        gateway.switch(tenant).await;
        assert_eq!(gateway.text("SELECT string_agg(body, ',') FROM note").await, tenant);
    }
}

#[tokio::test]
async fn a_call_that_never_reaches_the_switch_closes() {
    let database = Database::new();
    Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    for (what, call, code) in failing(&gateway) {
        assert_closes(&mut gateway, what, call, code).await;
    }
    assert_nothing_was_written(&mut gateway).await;
}

#[tokio::test]
async fn the_same_holds_where_activities_are_not_tracked() {
    let database = Database::new();
    Tenants::create(&database, &["acme", "globex"]).await;
    database
        .superuser_sql(&format!("ALTER DATABASE {} SET track_activities = off", database.name()));
    let mut gateway = Gateway::connect(&database).await;
    gateway.switch("acme").await;
    assert_eq!(gateway.text("SHOW track_activities").await, "off");
    for (what, call, code) in failing(&gateway) {
        assert_closes(&mut gateway, what, call, code).await;
    }
    assert_nothing_was_written(&mut gateway).await;
    gateway.switch("acme").await;
    for statement in ["SELECT 1/0", "SELECT nothing", "SELECT )", "DO $$ BEGIN RAISE 'x'; END $$"] {
        gateway.refusal(statement).await;
        assert_eq!(gateway.text("SELECT tenancy.current()").await, "acme", "{statement}");
    }
}

#[tokio::test]
async fn a_call_that_is_cancelled_closes() {
    let database = Database::new();
    Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    gateway.switch("acme").await;
    let sleep = oid(&mut gateway.wire, "pg_sleep(float8)").await;
    let call = || Request::new().function_call(sleep, &[Some("60")]);

    gateway.run("SET statement_timeout = '100ms'").await;
    let failed = gateway.wire.ask(call().query(BEHIND)).await;
    assert_eq!(state_of(&failed), Some("57014"), "{failed:?}");
    assert_refused(&mut gateway, "statement_timeout").await;

    gateway.switch("acme").await;
    gateway.wire.send(call().query(BEHIND)).await;
    let superuser = database.superuser().await;
    let cancel = format!(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
         WHERE pid = {} AND state = 'fastpath function call'",
        gateway.wire.key.0
    );
    while superuser.value(&cancel).await.is_none() {}
    let failed = gateway.wire.until_ready().await;
    assert_eq!(state_of(&failed), Some("57014"), "{failed:?}");
    assert_refused(&mut gateway, "cancelled").await;
    assert_nothing_was_written(&mut gateway).await;
}

#[tokio::test]
async fn a_call_that_fails_in_the_clients_transaction_leaves_the_client_where_it_is() {
    let database = Database::new();
    Tenants::create(&database, &["acme"]).await;
    let mut gateway = Gateway::connect(&database).await;
    gateway.switch("acme").await;
    let open = oid(&mut gateway.wire, "lo_open(oid,int)").await;
    for begin in ["BEGIN", "BEGIN; SAVEPOINT a", "BEGIN; INSERT INTO note (body) VALUES ('lost')"] {
        gateway.run(begin).await;
        let call = Request::new().function_call(open, &[Some("1"), Some("262144")]);
        assert_eq!(state_of(&gateway.wire.ask(call).await), Some("42704"), "{begin}");
        assert_eq!(gateway.refusal("SELECT 1").await, "25P02", "{begin}");
        gateway.run("ROLLBACK").await;
        assert_eq!(gateway.text("SELECT string_agg(body, ',') FROM note").await, "acme", "{begin}");
    }
}

#[tokio::test]
async fn other_messages_that_fail_leave_the_client_where_it_is() {
    let database = Database::new();
    Tenants::create(&database, &["acme"]).await;
    let mut gateway = Gateway::connect(&database).await;
    gateway.switch("acme").await;
    let deferred = "DO $$ BEGIN SET CONSTRAINTS ALL DEFERRED; RAISE 'x'; END $$";
    for request in [
        Request::new().query("SELECT 1/0"),
        Request::new().query("SELECT 1; SELECT 1/0"),
        Request::new().parse("", "SELECT nothing").sync(),
        Request::new().bind("unknown", &[]).sync(),
        Request::new().raw(b'D', b"Sunknown\0").sync(),
        Request::new().parse("", "SELECT 1/0").bind("", &[]).execute().sync(),
        Request::new().query(deferred),
    ] {
        assert!(state_of(&gateway.wire.ask(request).await).is_some());
        assert_eq!(gateway.text("SELECT tenancy.current()").await, "acme");
    }
}
