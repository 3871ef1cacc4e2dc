//! From one tenant to the next in one session, and contexts that need no key.

use super::{SEAL, assert_outside, whereabouts};
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn with_its_key_a_session_moves_on_and_keeps_the_key() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.application.connect().await;
    let key = session.text("SELECT tenancy.enter('acme')").await;
    let there = whereabouts(&tenants.enter("globex").await).await;
    let kept = session.text(&format!("SELECT tenancy.enter('globex', seal => '{key}')")).await;
    assert_eq!(kept, key);
    assert_eq!(whereabouts(&session).await, there);
    assert_eq!(session.text("SELECT body FROM note").await, "globex");
    session.refused("SELECT tenancy.leave()").await;
    session.run(&format!("SELECT tenancy.leave('{key}')")).await;
    assert_outside(&session).await;
}

#[tokio::test]
async fn nothing_moves_inside_a_transaction_block() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.enter_with("acme", SEAL).await;
    let inside = whereabouts(&session).await;
    for call in [format!("leave('{SEAL}')"), format!("enter('globex', '{SEAL}')")] {
        for way in ["BEGIN; SELECT tenancy.?", "SELECT 1; SELECT tenancy.?"] {
            let code = session.refusal(&way.replace('?', &call)).await;
            assert_eq!(code, SqlState::ACTIVE_SQL_TRANSACTION, "{way} {call}");
            let _ = session.batch_execute("ROLLBACK").await;
            assert_eq!(whereabouts(&session).await, inside, "{way} {call}");
        }
    }
}

#[tokio::test]
async fn a_move_that_fails_leaves_the_session_where_it_can_do_nothing() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex", "away"]).await;
    tenants.admin.run("SELECT tenancy.suspend('away')").await;
    for (tenant, code) in
        [("nobody", SqlState::INVALID_CATALOG_NAME), ("away", SqlState::CANNOT_CONNECT_NOW)]
    {
        let session = tenants.enter_with("acme", SEAL).await;
        let move_on = format!("SELECT tenancy.enter('{tenant}', '{SEAL}')");
        assert_eq!(session.refusal(&move_on).await, code);
        assert_nothing_runs(&session).await;
        for statement in ["RESET ALL", "DISCARD ALL", "SET work_mem = '1MB'", "LISTEN x"] {
            let code = session.refusal(statement).await;
            assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE, "{statement}");
        }
        session.refused("SELECT tenancy.leave('not the key of this one')").await;
        session.run(&format!("SELECT tenancy.enter('globex', '{SEAL}')")).await;
        assert_eq!(session.text("SELECT body FROM note").await, "globex");
        session.run(&format!("SELECT tenancy.leave('{SEAL}')")).await;
        assert_outside(&session).await;
    }
}

/// PostgreSQL looks names up before a guard is asked, and finds none there.
async fn assert_nothing_runs(session: &Session) {
    assert_eq!(session.refusal("SELECT 1").await, SqlState::INSUFFICIENT_PRIVILEGE);
    assert_eq!(session.refusal("SELECT body FROM note").await, SqlState::UNDEFINED_TABLE);
}

#[tokio::test]
async fn a_move_whose_own_statement_fails_leaves_no_way_back_to_the_old_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    for call in [format!("enter('globex', '{SEAL}')"), format!("leave('{SEAL}')")] {
        let session = tenants.enter_with("acme", SEAL).await;
        session.refused(&format!("SELECT tenancy.{call}, 1/(random() < 0)::int")).await;
        assert_nothing_runs(&session).await;
        session.run(&format!("SELECT tenancy.leave('{SEAL}')")).await;
        assert_outside(&session).await;
    }
}

#[tokio::test]
async fn a_login_that_was_granted_unsealed_contexts_needs_no_key() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let login = database.login(&[]);
    let grant = format!("SELECT tenancy.grant_login('{}', '*', sealed => false)", login.name());
    tenants.admin.run(&grant).await;
    let session = login.connect().await;
    assert_eq!(session.value("SELECT tenancy.enter('acme')").await, None);
    session.run("DISCARD ALL").await;
    assert_eq!(session.text("SELECT body FROM note").await, "acme");
    session.run("SELECT tenancy.enter('globex')").await;
    assert_eq!(session.text("SELECT body FROM note").await, "globex");
    session.run("SELECT tenancy.leave()").await;
    assert_outside(&session).await;
}

#[tokio::test]
async fn a_login_that_needs_no_key_may_seal_itself_all_the_same() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let login = database.login(&[]);
    let grant = format!("SELECT tenancy.grant_login('{}', 'acme', sealed => false)", login.name());
    tenants.admin.run(&grant).await;
    let session = login.connect().await;
    session.run(&format!("SELECT tenancy.enter('acme', '{SEAL}')")).await;
    let code = session.refusal("SELECT tenancy.leave()").await;
    assert_eq!(code, SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
    session.run(&format!("SELECT tenancy.leave('{SEAL}')")).await;
    // The next one has no key again: the old one is not left over.
    session.run("SELECT tenancy.enter('acme')").await;
    session.run("SELECT tenancy.leave()").await;
    assert_outside(&session).await;
}

#[tokio::test]
async fn an_unsealed_context_becomes_no_way_into_a_tenant_that_has_to_be_sealed() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let login = database.login(&[]);
    tenants
        .admin
        .run(&format!(
            "SELECT tenancy.grant_login('{0}', 'acme', sealed => false), tenancy.grant_login('{0}', 'globex')",
            login.name()
        ))
        .await;
    let session = login.connect().await;
    session.run("SELECT tenancy.enter('acme')").await;
    let key = session.value("SELECT tenancy.enter('globex')").await;
    assert_eq!(session.text("SELECT tenancy.current()").await, "globex");
    assert!(key.is_some(), "globex was entered without a key");
    session.refused("SELECT tenancy.leave()").await;
}
