//! Notifications, signals, and the text of what the session was sent.

use super::Scene;

#[tokio::test]
async fn a_notification_by_function_reaches_the_tenant_alone() {
    let scene = Scene::new().await;
    let globex = scene.tenants.enter("globex").await;
    let other = scene.tenants.enter("acme").await;
    globex.run("LISTEN orders").await;
    other.run("LISTEN orders").await;
    scene.acme.run("SELECT pg_notify('orders', 'one')").await;
    assert_eq!(other.notifications("orders", 1).await, ["one"]);
    globex.run("SELECT 1").await;
    assert!(globex.notifications("orders", 0).await.is_empty());
    assert_eq!(other.rows("SELECT pg_listening_channels()").await, [[Some("orders".to_owned())]]);
}

#[tokio::test]
async fn the_volume_of_notifications_by_function_has_a_ceiling() {
    let scene = Scene::new().await;
    let flood =
        "SELECT count(pg_notify('x', repeat('x', 7900) || g)) FROM generate_series(1, 500) g";
    assert_eq!(scene.acme.refusal(flood).await.code(), "53400");
    scene.acme.run("SELECT count(pg_notify('x', 'y' || g)) FROM generate_series(1, 100) g").await;
}

#[tokio::test]
async fn signals_reach_sessions_of_the_tenant_alone() {
    let scene = Scene::new().await;
    let globex = scene.tenants.enter("globex").await;
    let other = scene.tenants.enter("acme").await;
    let pid = globex.text("SELECT pg_backend_pid()").await;
    for function in ["pg_cancel_backend", "pg_terminate_backend"] {
        assert_eq!(scene.acme.text(&format!("SELECT {function}({pid})")).await, "f");
        assert_eq!(scene.acme.text(&format!("SELECT {function}(2147483647)")).await, "f");
    }
    globex.run("SELECT 1").await;
    let pid = other.text("SELECT pg_backend_pid()").await;
    assert_eq!(scene.acme.text(&format!("SELECT pg_terminate_backend({pid}, 5000)")).await, "t");
    assert!(other.batch_execute("SELECT 1").await.is_err());
}

#[tokio::test]
async fn the_message_that_brought_the_session_here_is_not_told() {
    let scene = Scene::new().await;
    let session = scene.tenants.application.connect().await;
    let key = "0123456789abcdef";
    let told = session
        .rows(&format!(
            "SELECT tenancy.enter('acme', seal => '{key}') IS NOT NULL;
             SELECT current_query();
             PREPARE p AS SELECT 1;
             SELECT statement FROM pg_prepared_statements;
             BEGIN; DECLARE c CURSOR FOR SELECT 1;
             SELECT statement FROM pg_cursors; COMMIT"
        ))
        .await;
    assert!(!format!("{told:?}").contains(key), "{told:?}");
    let later = session.rows("SELECT statement FROM pg_prepared_statements").await;
    assert!(!format!("{later:?}").contains(key), "{later:?}");
    assert_eq!(session.text("SELECT current_query()").await, "SELECT current_query()");
}
