//! An application's session in a tenant: how it gets in, who it is there, and how it gets out.

mod capacity;
mod definer;
mod local;
mod moves;
mod neighbour;
mod no_oracle;
mod parallel;
mod refusals;
mod reports;
mod survival;

use tenancy_tests::database::Database;
use tenancy_tests::session::{Session, TextRow};
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

const SEAL: &str = "a seal that the application chose";

/// Everything that could tell where a session is.
async fn whereabouts(session: &Session) -> TextRow {
    let sql = "SELECT current_user, tenancy.current(), tenancy.current_id(),
                      current_setting('search_path'), current_setting('tenancy.tenant')";
    session.rows(sql).await.concat()
}

/// Whether the session is outside: nobody but its login, with nobody's path.
async fn assert_outside(session: &Session) {
    let sql = "SELECT current_user = session_user, tenancy.current(), current_schemas(false),
                      current_setting('tenancy.tenant')";
    let text = |value: &str| Some(value.to_owned());
    assert_eq!(session.rows(sql).await.concat(), [text("t"), None, text("{public}"), text("")]);
}

#[tokio::test]
async fn a_session_in_a_tenant_is_the_tenants_role_with_the_tenants_path() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["globex", "acme"]).await;
    let session = tenants.application.connect().await;
    assert_outside(&session).await;
    session.run("SELECT tenancy.enter('acme')").await;
    let schema = tenants.column("acme", "schema").await;
    let path = format!("\"{schema}\", \"public\", pg_temp");
    let expected = [tenants.column("acme", "role").await, "acme".into()];
    let expected = [&expected[..], &[tenants.column("acme", "id").await, path, "acme".into()]];
    let expected: TextRow = expected.concat().into_iter().map(Some).collect();
    assert_eq!(whereabouts(&session).await, expected);
    assert_eq!(session.text("SELECT tenancy.require()").await, "acme");
}

#[tokio::test]
async fn a_session_in_no_tenant_has_no_current_one() {
    let database = Database::new();
    let session = database.session(&[]).await;
    assert_eq!(session.value("SELECT tenancy.current()").await, None);
    assert_eq!(session.value("SELECT tenancy.current_id()").await, None);
    let refused = session.refused("SELECT tenancy.require()").await;
    assert_eq!(*refused.code(), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    assert!(refused.hint().is_some());
}

#[tokio::test]
async fn enter_returns_a_key_and_nothing_else_opens_the_context() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    let key = session.text("SELECT tenancy.enter('acme')").await;
    assert!(key.len() >= 32, "{} bytes can be guessed", key.len());
    let inside = whereabouts(&session).await;
    let (near, shorter) = (key.replace(&key[..1], "x"), &key[1..]);
    for wrong in ["NULL", "''", "'acme'", &format!("'{near}'"), &format!("'{shorter}'")] {
        let code = session.refusal(&format!("SELECT tenancy.leave({wrong})")).await;
        assert_eq!(code, SqlState::INVALID_AUTHORIZATION_SPECIFICATION, "{wrong}");
        assert_eq!(whereabouts(&session).await, inside, "{wrong}");
    }
    session.run(&format!("SELECT tenancy.leave('{key}')")).await;
    assert_outside(&session).await;
}

#[tokio::test]
async fn every_visit_has_a_key_of_its_own() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    let first = session.text("SELECT tenancy.enter('acme')").await;
    session.run(&format!("SELECT tenancy.leave('{first}')")).await;
    let second = session.text("SELECT tenancy.enter('acme')").await;
    assert_ne!(first, second);
    let code = session.refusal(&format!("SELECT tenancy.leave('{first}')")).await;
    assert_eq!(code, SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
}

#[tokio::test]
async fn a_given_seal_becomes_the_key() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    let key = session.text(&format!("SELECT tenancy.enter('acme', seal => '{SEAL}')")).await;
    assert_eq!(key, SEAL);
    session.refused("SELECT tenancy.leave()").await;
    session.run(&format!("SELECT tenancy.leave('{SEAL}')")).await;
    assert_outside(&session).await;
}

#[tokio::test]
async fn a_seal_that_is_too_short_or_too_long_is_refused_and_nothing_is_entered() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    for seal in ["", "fifteen bytes..", &"x".repeat(129)] {
        let code = session.refusal(&format!("SELECT tenancy.enter('acme', '{seal}')")).await;
        assert_eq!(code, SqlState::INVALID_PARAMETER_VALUE, "{seal}");
        assert_outside(&session).await;
    }
}

#[tokio::test]
async fn leaving_no_tenant_does_nothing() {
    let database = Database::new();
    let session = database.session(&[]).await;
    session.run("SELECT tenancy.leave(); SELECT tenancy.leave('whatever')").await;
    assert_outside(&session).await;
}

#[tokio::test]
async fn after_leaving_the_sessions_own_role_and_path_are_back() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    let login = tenants.application.name();
    database.superuser_sql(&format!("CREATE ROLE {login}_reader IN ROLE tenancy_bypass"));
    database.superuser_sql(&format!("GRANT {login}_reader TO {login}"));
    session.run(&format!("SET ROLE {login}_reader; SET search_path = own, public")).await;
    let before = whereabouts(&session).await;
    let key = session.text("SELECT tenancy.enter('acme')").await;
    assert_ne!(whereabouts(&session).await, before);
    session.run(&format!("SELECT tenancy.leave('{key}')")).await;
    assert_eq!(whereabouts(&session).await, before);
    session.run("RESET search_path; RESET ROLE").await;
    assert_outside(&session).await;
}
