//! Cancel requests: each reaches what its own client runs, and nothing else.

use super::site::{BODY, Site};
use std::time::Duration;
use tokio_postgres::NoTls;

#[tokio::test]
async fn a_cancel_ends_the_clients_own_query() {
    let site = Site::narrow().await;
    let client = site.connect("acme").await;
    let token = client.cancel_token();
    // Before the query runs there is nothing to cancel.
    let cancel = async {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            token.cancel_query(NoTls).await.unwrap();
        }
    };
    let code = tokio::select! {
        code = client.refusal("SELECT pg_sleep(60)") => code,
        () = cancel => unreachable!(),
    };
    assert_eq!(code.code(), "57014");
    assert_eq!(client.text(BODY).await, "acme");
}

#[tokio::test]
async fn cancels_of_an_idle_client_hit_nobody() {
    let site = Site::narrow().await;
    let (idle, busy) = (site.connect("acme").await, site.connect("globex").await);
    idle.run("SELECT 1").await;
    let token = idle.cancel_token();
    let storm = async {
        for _ in 0..50 {
            token.cancel_query(NoTls).await.unwrap();
        }
    };
    let work = async {
        for _ in 0..50 {
            assert_eq!(busy.text("SELECT body FROM note, pg_sleep(0.01)").await, "globex");
        }
    };
    tokio::join!(storm, work);
}

#[tokio::test]
async fn a_storm_of_cancels_never_hits_the_next_client_of_the_connection() {
    let site = Site::narrow().await;
    let (victim, other) = (site.connect("acme").await, site.connect("globex").await);
    let token = victim.cancel_token();
    let storm = async {
        for _ in 0..200 {
            token.cancel_query(NoTls).await.unwrap();
        }
    };
    let cancelled = async {
        for _ in 0..200 {
            // May be cancelled or not; either way it is the client's own.
            let _ = victim.batch_execute("SELECT pg_sleep(0.001)").await;
        }
    };
    let undisturbed = async {
        for _ in 0..200 {
            assert_eq!(other.text(BODY).await, "globex");
        }
    };
    tokio::join!(storm, cancelled, undisturbed);
    assert_eq!(victim.text(BODY).await, "acme");
}

#[tokio::test]
async fn a_key_that_was_guessed_cancels_nothing() {
    let site = Site::narrow().await;
    let client = site.connect("acme").await;
    let mut wire = site.wire("acme").await;
    let (process_id, secret) = wire.key;
    wire.key = (process_id, secret.wrapping_add(1));
    wire.cancel(site.sidecar.postgres().port()).await;
    assert_eq!(client.text(BODY).await, "acme");
    let slept = client.text("SELECT 'slept' FROM pg_sleep(0.2)").await;
    assert_eq!(slept, "slept");
}
