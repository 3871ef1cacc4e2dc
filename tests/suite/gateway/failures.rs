//! A switch that fails: the connection is between tenants, and what was already on the wire behind
//! it is refused by the server.

use super::{Gateway, has_rows, state_of};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::Request;

/// A database with every kind of tenant that cannot be switched to.
async fn tenants(database: &Database<'_>) -> Tenants {
    let tenants = Tenants::create(database, &["acme", "globex", "away", "gone"]).await;
    tenants
        .admin
        .run(
            "SELECT tenancy.suspend('away'), tenancy.drop('gone'),
                    tenancy.create('unborn', activate => false)",
        )
        .await;
    tenants
}

const TARGETS: [(&str, &str); 5] =
    [("nobody", "3D000"), ("gone", "3D000"), ("", "3D000"), ("away", "57P03"), ("unborn", "55000")];

/// The replies to what was sent behind a switch that failed.
pub(super) async fn assert_refused(gateway: &mut Gateway, behind: &str) {
    let answer = gateway.wire.until_ready().await;
    // The guard, or before it the parser, who finds no such table.
    assert!(matches!(state_of(&answer), Some("42501" | "42P01")), "{behind}: {answer:?}");
    assert!(!has_rows(&answer), "{behind}: {answer:?}");
}

#[tokio::test]
async fn work_sent_behind_a_switch_to_nowhere_is_refused() {
    let database = Database::new();
    tenants(&database).await;
    let mut gateway = Gateway::connect(&database).await;
    for (tenant, code) in TARGETS {
        for from in [None, Some("acme")] {
            for behind in
                ["SELECT body FROM note", "SELECT 1", "INSERT INTO note (body) VALUES ('x')"]
            {
                if let Some(from) = from {
                    gateway.switch(from).await;
                }
                let request = gateway.call(&gateway.seal, Some(tenant)).query(behind);
                let failed = gateway.wire.ask(request).await;
                assert_eq!(state_of(&failed), Some(code), "{tenant} from {from:?}");
                assert_refused(&mut gateway, behind).await;
                assert_eq!(gateway.refusal("SELECT 1").await, "42501");
            }
        }
    }
    gateway.switch("acme").await;
    assert_eq!(gateway.text("SELECT count(*) FROM note").await, "1");
}

#[tokio::test]
async fn work_sent_behind_a_switch_with_a_wrong_seal_is_refused() {
    let database = Database::new();
    tenants(&database).await;
    let mut gateway = Gateway::connect(&database).await;
    let nearly = gateway.seal.to_uppercase();
    for seal in ["", "a", &nearly, "another seal that is long enough"] {
        gateway.switch("acme").await;
        // The old tenant itself, another one and one that is not there: refused alike.
        for tenant in [Some("acme"), Some("globex"), Some("nobody"), None] {
            let request = gateway.call(seal, tenant).query("SELECT body FROM note");
            let failed = gateway.wire.ask(request).await;
            assert_eq!(state_of(&failed), Some("28000"), "{seal} {tenant:?}");
            assert_refused(&mut gateway, seal).await;
        }
        assert_eq!(gateway.refusal("SELECT 1").await, "42501");
    }
}

#[tokio::test]
async fn a_switch_inside_a_transaction_block_fails_and_ends_between_tenants() {
    let database = Database::new();
    tenants(&database).await;
    let mut gateway = Gateway::connect(&database).await;
    for begin in ["BEGIN", "BEGIN; SAVEPOINT a", "BEGIN; INSERT INTO note (body) VALUES ('lost')"] {
        for end in ["ROLLBACK", "COMMIT", "ROLLBACK AND CHAIN"] {
            gateway.switch("acme").await;
            gateway.run(begin).await;
            let request =
                gateway.call(&gateway.seal, Some("globex")).query("SELECT body FROM note");
            assert_eq!(state_of(&gateway.wire.ask(request).await), Some("25001"), "{begin}");
            let behind = gateway.wire.until_ready().await;
            assert!(state_of(&behind).is_some() && !has_rows(&behind), "{begin}: {behind:?}");
            gateway.run(end).await;
            assert_eq!(gateway.refusal("SELECT 1").await, "42501", "{begin} {end}");
            let _ = gateway.wire.query("ROLLBACK").await;
        }
    }
    gateway.switch("acme").await;
    assert_eq!(gateway.text("SELECT count(*) FROM note").await, "1");
}

#[tokio::test]
async fn a_failed_transaction_of_the_old_tenant_does_not_let_a_switch_through() {
    let database = Database::new();
    tenants(&database).await;
    let mut gateway = Gateway::connect(&database).await;
    gateway.switch("acme").await;
    assert_eq!(gateway.refusal("BEGIN; SELECT 1/0").await, "22012");
    let request = gateway.call(&gateway.seal, Some("globex")).query("SELECT body FROM note");
    assert_eq!(state_of(&gateway.wire.ask(request).await), Some("25P02"));
    assert_eq!(state_of(&gateway.wire.until_ready().await), Some("25P02"));
    // PostgreSQL refused the message before anybody could look at it: still the old tenant.
    gateway.run("ROLLBACK").await;
    assert_eq!(gateway.text("SELECT body FROM note").await, "acme");
}

#[tokio::test]
async fn arguments_that_make_no_sense_are_refused_and_close() {
    let database = Database::new();
    tenants(&database).await;
    let mut gateway = Gateway::connect(&database).await;
    gateway.switch("acme").await;
    let call = Request::new().function_call(gateway.switch, &[None, Some("acme")]);
    assert_eq!(state_of(&gateway.wire.ask(call).await), Some("28000"));
    assert_eq!(gateway.refusal("SELECT 1").await, "42501");
    // Too few arguments do not even reach the function.
    gateway.switch("acme").await;
    let call = Request::new().function_call(gateway.switch, &[Some(&gateway.seal)]);
    assert_eq!(state_of(&gateway.wire.ask(call).await), Some("08P01"));
    assert_eq!(gateway.refusal("SELECT 1").await, "42501");
}
