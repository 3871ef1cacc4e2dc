//! A login learns nothing of tenants that it may not enter: hidden and absent look the same.

use super::{SEAL, assert_outside, whereabouts};
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::{DbError, SqlState};

/// Tenants of every kind, and a login that may enter `acme` only.
async fn stranger(database: &Database<'_>) -> (Tenants, Session) {
    let tenants = Tenants::create(database, &["acme", "active", "away", "reading", "gone"]).await;
    let login = database.login(&[]);
    tenants
        .admin
        .run(&format!(
            "SELECT tenancy.grant_login('{}', 'acme'), tenancy.create('unborn', activate => false),
                    tenancy.suspend('away'), tenancy.suspend('reading', 'read_only'), tenancy.drop('gone')",
            login.name()
        ))
        .await;
    (tenants, login.connect().await)
}

const NAMES: [&str; 12] = [
    "'nobody'",
    "'active'",
    "'away'",
    "'reading'",
    "'gone'",
    "'unborn'",
    "''",
    "NULL",
    "'No Name!'",
    "'public'",
    "'tenancy'",
    "'a-name-longer-than-any-name-can-be-0123456789-0123456789-0123456789'",
];

fn all_of(error: &DbError) -> [Option<&str>; 4] {
    [Some(error.code().code()), Some(error.message()), error.detail(), error.hint()]
}

#[tokio::test]
async fn a_tenant_without_a_grant_and_one_that_never_was_are_refused_alike() {
    let database = Database::new();
    let (_tenants, session) = stranger(&database).await;
    for call in ["enter(?)", "enter(?, 'a seal that is long enough')", "enter_local(?)"] {
        let enter = |name: &str| format!("SELECT tenancy.{}", call.replace('?', name));
        let absent = session.refused(&enter("'never-was'")).await;
        assert_eq!(*absent.code(), SqlState::INVALID_CATALOG_NAME);
        for name in NAMES {
            let refused = session.refused(&enter(name)).await;
            assert_eq!(all_of(&refused), all_of(&absent), "{call} {name}");
            assert_outside(&session).await;
        }
    }
}

#[tokio::test]
async fn the_key_is_asked_for_before_anything_is_said_of_the_tenant() {
    let database = Database::new();
    let (_tenants, session) = stranger(&database).await;
    session.run(&format!("SELECT tenancy.enter('acme', '{SEAL}')")).await;
    let inside = whereabouts(&session).await;
    for seal in ["NULL", "'not the key of the context'"] {
        let enter = |name: &str| format!("SELECT tenancy.enter({name}, {seal})");
        let wrong = session.refused(&enter("'acme'")).await;
        assert_eq!(*wrong.code(), SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
        for name in NAMES {
            assert_eq!(all_of(&session.refused(&enter(name)).await), all_of(&wrong), "{name}");
        }
    }
    assert_eq!(whereabouts(&session).await, inside);
}

#[tokio::test]
async fn with_the_key_too_hidden_and_absent_look_the_same() {
    let database = Database::new();
    let (_tenants, session) = stranger(&database).await;
    session.run(&format!("SELECT tenancy.enter('acme', '{SEAL}')")).await;
    let enter = |name: &str| format!("SELECT tenancy.enter({name}, '{SEAL}')");
    let absent = session.refused(&enter("'never-was'")).await;
    assert_eq!(*absent.code(), SqlState::INVALID_CATALOG_NAME);
    for name in NAMES {
        assert_eq!(all_of(&session.refused(&enter(name)).await), all_of(&absent), "{name}");
    }
}

#[tokio::test]
async fn being_told_that_a_tenant_is_suspended_takes_a_grant() {
    let database = Database::new();
    let (tenants, _) = stranger(&database).await;
    let session = tenants.application.connect().await;
    let refused = session.refused("SELECT tenancy.enter('away')").await;
    assert_eq!(*refused.code(), SqlState::CANNOT_CONNECT_NOW);
    let refused = session.refused("SELECT tenancy.enter('unborn')").await;
    assert_eq!(*refused.code(), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    let refused = session.refused("SELECT tenancy.enter('gone')").await;
    assert_eq!(*refused.code(), SqlState::INVALID_CATALOG_NAME);
    assert_outside(&session).await;
}

#[tokio::test]
async fn the_registry_functions_tell_an_application_nothing() {
    let database = Database::new();
    let (_tenants, session) = stranger(&database).await;
    for call in [
        "SELECT * FROM tenancy.resolve('active.example.com')",
        "SELECT * FROM tenancy.resolve('nobody.example.com')",
        "SELECT * FROM tenancy.resolve_name('active')",
        "SELECT * FROM tenancy.login_access(session_user, 1)",
        "SELECT * FROM tenancy.tenants",
    ] {
        assert_eq!(session.refusal(call).await, SqlState::INSUFFICIENT_PRIVILEGE, "{call}");
    }
}
