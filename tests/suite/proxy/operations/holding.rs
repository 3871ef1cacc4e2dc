//! PAUSE, RESUME and KILL: what they do to whom.

use std::time::Duration;

use tenancy_tests::session::described;

use super::super::super::http::site::assert_under_way;
use super::super::site::{BODY, code};
use super::{Operated, value};
use tenancy_tests::wire::Request;

/// Longer than anything here takes that is not held back.
const A_WHILE: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_paused_tenant_waits_and_others_do_not() {
    // Held back for longer than clients wait for server connections otherwise.
    let operated = Operated::start(&[("timeouts.checkout", "300ms")]).await;
    let [acme, globex] =
        [operated.site.connect("acme").await, operated.site.connect("globex").await];
    operated.says("PAUSE acme").await;
    assert_eq!(value(&operated.shows("SHOW POOLS").await, "acme", 8), "1");
    let held = acme.text(BODY);
    tokio::pin!(held);
    assert!(tokio::time::timeout(A_WHILE, held.as_mut()).await.is_err(), "not held back");
    assert_eq!(globex.text(BODY).await, "globex");
    operated.says("RESUME acme").await;
    assert_eq!(held.await, "acme");
}

#[tokio::test]
async fn a_pause_waits_for_transactions_that_are_under_way() {
    let operated = Operated::start(&[("postgres.threads", "2")]).await;
    let [acme, globex] =
        [operated.site.connect("acme").await, operated.site.connect("globex").await];
    let superuser = operated.site.database.superuser().await;
    acme.run("BEGIN").await;
    let console = operated.console().await;
    let pause = console.run("PAUSE");
    tokio::pin!(pause);
    assert!(tokio::time::timeout(A_WHILE, pause.as_mut()).await.is_err(), "it did not wait");
    assert_eq!(acme.text(BODY).await, "acme");
    acme.run("COMMIT").await;
    pause.await;
    assert_eq!(operated.site.server_connections(&superuser).await, 1, "but that for HTTP");
    let held = globex.text(BODY);
    tokio::pin!(held);
    assert!(tokio::time::timeout(A_WHILE, held.as_mut()).await.is_err(), "not held back");
    let (succeeded, _, words) = operated.tries("RESUME globex").await;
    assert!(!succeeded && words.contains("RESUME without a name"), "{words}");
    console.run("RESUME").await;
    assert_eq!(held.await, "globex");
}

#[tokio::test]
async fn an_operator_who_leaves_ends_no_pause() {
    let operated = Operated::start(&[]).await;
    let acme = operated.site.connect("acme").await;
    acme.run("BEGIN").await;
    let console = operated.console().await;
    let waits = tokio::time::timeout(A_WHILE, console.run("PAUSE acme")).await;
    assert!(waits.is_err());
    drop(console);
    acme.run("COMMIT").await;
    let held = acme.text(BODY);
    tokio::pin!(held);
    assert!(tokio::time::timeout(A_WHILE, held.as_mut()).await.is_err(), "not held back");
    operated.says("RESUME").await;
    assert_eq!(held.await, "acme");
}

#[tokio::test]
async fn kill_ends_the_clients_of_one_tenant() {
    let operated = Operated::start(&[]).await;
    let globex = operated.site.connect("globex").await;
    globex.run("BEGIN").await;
    let mut idle = operated.site.wire("acme").await;
    let mut busy = operated.site.wire("acme").await;
    busy.send(Request::new().query("SELECT pg_sleep(30)")).await;
    let paused = operated.site.connect("acme").await;
    assert_under_way(&operated.site.database.superuser().await).await;
    operated.says("KILL acme").await;
    for wire in [&mut idle, &mut busy] {
        let last = tokio::time::timeout(Duration::from_secs(5), wire.until_ready()).await.unwrap();
        assert_eq!(code(&last), Some("57P01"), "{last:?}");
        assert!(wire.next().await.is_none());
    }
    let gone = paused.simple_query(BODY).await.unwrap_err();
    assert!(gone.is_closed() || described(&gone).contains("terminating"), "{gone}");
    assert_eq!(globex.text(BODY).await, "globex");
    assert_eq!(operated.site.connect("acme").await.text(BODY).await, "acme");
}

#[tokio::test]
async fn kill_ends_who_is_held_back() {
    let operated = Operated::start(&[]).await;
    let mut acme = operated.site.wire("acme").await;
    operated.says("PAUSE acme").await;
    acme.send(Request::new().query(BODY)).await;
    assert!(tokio::time::timeout(A_WHILE, acme.next()).await.is_err(), "not held back");
    operated.says("KILL acme").await;
    let last = tokio::time::timeout(Duration::from_secs(5), acme.until_ready()).await.unwrap();
    assert_eq!(code(&last), Some("57P01"), "{last:?}");
}
