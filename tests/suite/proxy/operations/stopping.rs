//! The end of the process: by SIGTERM and at the console.

use std::time::Duration;

use super::super::site::{BODY, code};
use super::Operated;
use tenancy_tests::wire::Request;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_transaction_that_is_under_way_comes_to_its_end_and_others_hear_why() {
    for by in ["SIGTERM", "SHUTDOWN"] {
        let mut operated = Operated::start(&[]).await;
        let mut idle = operated.site.wire("acme").await;
        let mut busy = operated.site.wire("globex").await;
        busy.ask(Request::new().query("BEGIN")).await;
        match by {
            "SHUTDOWN" => _ = operated.tries("SHUTDOWN").await,
            _ => operated.site.sidecar.signal("TERM"),
        }
        let last = idle.until_ready().await;
        assert_eq!(code(&last), Some("57P01"), "{by}: {last:?}");
        assert!(TcpStream::connect(operated.site.sidecar.postgres()).await.is_err(), "{by}");
        assert_eq!(busy.query(BODY).await.unwrap()[0][0].as_deref(), Some("globex"), "{by}");
        assert!(operated.site.sidecar.is_running());
        busy.send(Request::new().query("COMMIT")).await;
        assert_eq!(code(&busy.until_ready().await), None);
        assert_eq!(code(&busy.until_ready().await), Some("57P01"));
        assert!(operated.site.sidecar.ended().await.success(), "{by}");
    }
}

#[tokio::test]
async fn clients_may_be_waited_for() {
    let mut operated = Operated::start(&[]).await;
    let client = operated.site.connect("acme").await;
    let console = operated.console().await;
    operated.says("SHUTDOWN WAIT_FOR_CLIENTS").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(
        TcpStream::connect(operated.site.sidecar.postgres()).await.is_err(),
        "it takes clients"
    );
    assert_eq!(client.text(BODY).await, "acme");
    assert_eq!(console.rows("SHOW CLIENTS").await.len(), 1);
    assert!(operated.site.sidecar.is_running());
    drop(client);
    assert!(operated.site.sidecar.ended().await.success());
}

#[tokio::test]
async fn who_does_not_want_to_wait_for_clients_any_more_says_so() {
    let mut operated = Operated::start(&[]).await;
    let _client = operated.site.connect("acme").await;
    operated.says("SHUTDOWN WAIT_FOR_CLIENTS").await;
    operated.site.sidecar.signal("TERM");
    assert!(operated.site.sidecar.ended().await.success());
}

#[tokio::test]
async fn a_second_signal_ends_transactions_too() {
    let mut operated = Operated::start(&[]).await;
    let client = operated.site.connect("acme").await;
    client.run("BEGIN").await;
    operated.site.sidecar.signal("TERM");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(operated.site.sidecar.is_running());
    operated.site.sidecar.signal("TERM");
    assert_eq!(operated.site.sidecar.ended().await.code(), Some(130));
}
