//! Who may seal a connection, when, and with what.

use super::Gateway;
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

const SEAL: &str = "SELECT tenancy.seal('a seal that is long enough')";

#[tokio::test]
async fn only_gateways_may_seal_a_connection() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    for role in ["tenancy_admin", "tenancy_resolver", "tenancy_migrator", "tenancy_bypass"] {
        let session = database.session(&[role]).await;
        assert_eq!(session.refusal(SEAL).await, SqlState::INSUFFICIENT_PRIVILEGE, "{role}");
        assert_eq!(session.text("SELECT 1").await, "1");
    }
    for session in [tenants.application.connect().await, tenants.enter("acme").await] {
        assert_eq!(session.refusal(SEAL).await, SqlState::INSUFFICIENT_PRIVILEGE);
        assert_eq!(session.text("SELECT 1").await, "1");
    }
    database.session(&["tenancy_gateway"]).await.run(SEAL).await;
}

#[tokio::test]
async fn a_connection_is_sealed_once() {
    let database = Database::new();
    Tenants::create(&database, &["acme"]).await;
    let mut gateway = Gateway::connect(&database).await;
    assert_eq!(gateway.refusal(SEAL).await, "42501");
    gateway.switch("acme").await;
    assert_eq!(gateway.refusal(SEAL).await, "42501");
    assert_eq!(gateway.text("SELECT body FROM note").await, "acme");
}

#[tokio::test]
async fn a_seal_that_could_be_guessed_is_refused() {
    let database = Database::new();
    let session = database.session(&["tenancy_gateway"]).await;
    for seal in ["NULL", "''", "'fifteen bytes..'", "repeat('x', 129)"] {
        let code = session.refusal(&format!("SELECT tenancy.seal({seal})")).await;
        assert_eq!(code, SqlState::INVALID_PARAMETER_VALUE, "{seal}");
        assert_eq!(session.text("SELECT 1").await, "1");
    }
}

#[tokio::test]
async fn a_connection_is_not_sealed_inside_a_transaction_block() {
    let database = Database::new();
    let session = database.session(&["tenancy_gateway"]).await;
    let code = session.refusal(&format!("BEGIN; {SEAL}")).await;
    assert_eq!(code, SqlState::ACTIVE_SQL_TRANSACTION);
    session.run("ROLLBACK").await;
    assert_eq!(session.text("SELECT 1").await, "1");
}

#[tokio::test]
async fn a_gateway_cannot_enter_or_leave_as_an_application_does() {
    let database = Database::new();
    Tenants::create(&database, &["acme"]).await;
    let mut gateway = Gateway::connect(&database).await;
    let seal = gateway.seal.clone();
    for inside in [false, true] {
        if inside {
            gateway.switch("acme").await;
        }
        for call in [
            format!("enter('acme', '{seal}')"),
            format!("leave('{seal}')"),
            "enter_local('acme')".into(),
            "leave()".into(),
        ] {
            let code = gateway.refusal(&format!("SELECT tenancy.{call}")).await;
            assert_eq!(code, "42501", "{call}");
        }
    }
    assert_eq!(gateway.text("SELECT body FROM note").await, "acme");
}

#[tokio::test]
async fn a_connection_that_is_no_gateways_cannot_be_switched() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let unsealed = database.session(&["tenancy_gateway"]).await;
    for session in [unsealed, tenants.enter("acme").await, tenants.application.connect().await] {
        let before = session.rows("SELECT current_user, tenancy.current()").await;
        for seal in ["NULL", "''", "'a seal that is long enough'"] {
            let code = session.refusal(&format!("SELECT tenancy.switch({seal}, 'globex')")).await;
            assert_eq!(code, SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, "{seal}");
        }
        assert_eq!(session.rows("SELECT current_user, tenancy.current()").await, before);
    }
}
