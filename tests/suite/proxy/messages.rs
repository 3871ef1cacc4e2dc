//! The protocol message by message: transactions by their states, COPY, bytes that are none of it.

use super::site::{BODY, Site, code, rows};
use tenancy_tests::wire::{Reply, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_copy_with_the_sync_that_libpq_sends_too_early_ends_the_transaction() {
    let site = Site::narrow().await;
    let mut wire = site.wire("acme").await;
    for _ in 0..2 {
        let copy = Request::new().parse("", "COPY note (body) FROM STDIN").bind("", &[]);
        wire.send(copy.execute().sync()).await;
        while wire.next().await != Some(Reply::Other('G')) {}
        wire.send(Request::new().raw(b'd', b"one\n").raw(b'c', b"").sync()).await;
        assert_eq!(code(&wire.until_ready().await), None);
        // Somebody else can have the only connection.
        assert_eq!(site.connect("globex").await.text(BODY).await, "globex");
    }
    wire.send(Request::new().query("SELECT count(*) FROM note")).await;
    assert_eq!(rows(&wire.until_ready().await), ["3"]);
}

#[tokio::test]
async fn the_rest_of_a_copy_that_failed_reaches_nobody() {
    let site = Site::narrow().await;
    let mut wire = site.wire("acme").await;
    let globex = site.connect("globex").await;
    wire.send(Request::new().query("COPY note FROM STDIN")).await;
    assert_eq!(wire.next().await, Some(Reply::Other('G')));
    wire.send(Request::new().raw(b'd', b"not a number\tx\n")).await;
    assert_eq!(code(&wire.until_ready().await), Some("22P02"));
    assert_eq!(globex.text(BODY).await, "globex");
    wire.send(Request::new().raw(b'd', b"2\ty\n").raw(b'c', b"").query(BODY)).await;
    assert_eq!(rows(&wire.until_ready().await), ["acme"]);
}

#[tokio::test]
async fn an_error_in_a_pipeline_skips_to_the_sync_and_the_connection_is_free_again() {
    let site = Site::narrow().await;
    let mut wire = site.wire("acme").await;
    let bad = Request::new().parse("", "SELECT 1/0").bind("", &[]).execute();
    wire.send(bad.query("SELECT 'never'").sync().query("SELECT 'after'")).await;
    let replies = wire.until_ready().await;
    assert_eq!((code(&replies), rows(&replies).len()), (Some("22012"), 0));
    assert_eq!(rows(&wire.until_ready().await), ["after"]);
    assert_eq!(site.connect("globex").await.text(BODY).await, "globex");
}

#[tokio::test]
async fn a_message_longer_than_any_buffer_goes_through_in_both_directions() {
    let site = Site::narrow().await;
    let client = site.connect("acme").await;
    let long = "x".repeat(3_000_000);
    let row = client.query_one("SELECT $1::text, length($1::text)", &[&long]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i32>(1)), (long.as_str(), 3_000_000));
}

#[tokio::test]
async fn bytes_that_are_no_message_end_that_connection_alone() {
    let site = Site::narrow().await;
    let other = site.connect("globex").await;
    for (tag, body) in
        [(b'@', &b""[..]), (b'p', b"x\0"), (b'P', b"no end"), (b'D', b"S"), (b'B', b"")]
    {
        let mut wire = site.wire("acme").await;
        wire.send(Request::new().raw(tag, body).sync()).await;
        let replies = wire.until_ready().await;
        assert_eq!(code(&replies), Some("08P01"), "{tag}");
        assert_eq!(wire.next().await, None, "{tag}");
        assert_eq!(other.text(BODY).await, "globex");
    }
}

#[tokio::test]
async fn a_length_that_cannot_be_ends_that_connection_alone() {
    let site = Site::narrow().await;
    let other = site.connect("globex").await;
    for length in [0_i32, 3, -1, i32::MIN] {
        let mut wire = site.wire("acme").await;
        let mut bytes = vec![b'Q'];
        bytes.extend_from_slice(&length.to_be_bytes());
        wire.send_bytes(&bytes).await;
        assert_eq!(code(&wire.until_ready().await), Some("08P01"), "{length}");
        assert_eq!(wire.next().await, None);
        assert_eq!(other.text(BODY).await, "globex");
    }
}

#[tokio::test]
async fn a_client_that_says_half_a_message_holds_no_server_connection() {
    let site = Site::narrow().await;
    let mut wire = site.wire("acme").await;
    wire.send_bytes(b"Q\0\0").await;
    assert_eq!(site.connect("globex").await.text(BODY).await, "globex");
    wire.send_bytes(b"\0\x0dSELECT 1\0").await;
    assert_eq!(rows(&wire.until_ready().await), ["1"]);
}

#[tokio::test]
async fn noise_in_place_of_a_start_is_answered_by_a_close() {
    let site = Site::narrow().await;
    for noise in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 64], &[255; 64], b"\0\0\0\x08\0\x03"] {
        let mut stream = TcpStream::connect(site.sidecar.postgres()).await.unwrap();
        stream.write_all(noise).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
    }
    assert_eq!(site.connect("globex").await.text(BODY).await, "globex");
}

#[tokio::test]
async fn what_was_asked_before_the_client_left_is_done() {
    let site = Site::narrow().await;
    let mut wire = site.wire("acme").await;
    let insert = "SELECT pg_sleep(0.2); INSERT INTO note (body) VALUES ('last')";
    wire.send(Request::new().query(insert).terminate()).await;
    while wire.next().await.is_some() {}
    let other = site.connect("acme").await;
    assert_eq!(other.text("SELECT count(*) FROM note").await, "2");
    // Without a Sync nothing was asked for good.
    let mut wire = site.wire("acme").await;
    let half = Request::new().parse("", "INSERT INTO note (body) VALUES ('half')");
    wire.send(half.bind("", &[]).execute().terminate()).await;
    while wire.next().await.is_some() {}
    assert_eq!(other.text("SELECT count(*) FROM note").await, "2");
}
