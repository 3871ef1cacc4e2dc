//! Cancel requests that arrive at another process than the one that the client is at.

use std::time::Duration;

use tenancy_tests::database::Database;
use tenancy_tests::sidecar::Sidecar;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Request, Wire};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::site::code;

/// Sends a request to cancel, and waits until it was seen to.
async fn cancel(at: &Sidecar, (process_id, secret): (i32, i32)) {
    let mut stream = TcpStream::connect(at.postgres()).await.unwrap();
    let request = [16, 1234 << 16 | 5678, process_id, secret].map(i32::to_be_bytes).concat();
    stream.write_all(&request).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0, "an answer to a cancel request");
}

struct Pair {
    /// With the client.
    one: Sidecar,
    /// Knows where the first one is.
    two: Sidecar,
    client: Wire,
    _tenants: Tenants,
    _database: Database<'static>,
}

impl Pair {
    /// Two processes, the second of which knows the first by this id.
    async fn start(known_as: &str) -> Pair {
        let database = Database::new();
        let tenants = Tenants::create(&database, &["acme"]).await;
        let one = Sidecar::start_with(&database, &[("postgres.peer_id", "1")]).await;
        let peers = format!("{known_as}={}", one.postgres());
        let settings = [("postgres.peer_id", "2"), ("postgres.peers", &*peers)];
        let two = Sidecar::start_with(&database, &settings).await;
        let login = tenants.application.in_database("acme");
        let client = Wire::connect_to(&login, one.postgres().port()).await.unwrap();
        Pair { one, two, client, _tenants: tenants, _database: database }
    }

    async fn sleep(&mut self) {
        self.client.send(Request::new().query("SELECT pg_sleep(2)")).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test]
async fn a_request_through_another_process_reaches_the_query() {
    let mut pair = Pair::start("1").await;
    pair.sleep().await;
    cancel(&pair.two, pair.client.key).await;
    assert_eq!(code(&pair.client.until_ready().await), Some("57014"));
    pair.sleep().await;
    cancel(&pair.one, pair.client.key).await;
    assert_eq!(code(&pair.client.until_ready().await), Some("57014"));
}

#[tokio::test]
async fn a_wrong_secret_cancels_nothing_there() {
    let mut pair = Pair::start("1").await;
    pair.sleep().await;
    let (process_id, secret) = pair.client.key;
    cancel(&pair.two, (process_id, secret ^ 1)).await;
    assert_eq!(code(&pair.client.until_ready().await), None);
}

#[tokio::test]
async fn tables_that_contradict_each_other_make_no_loop() {
    let pair = Pair::start("3").await;
    // To the second process it is the first one's, to the first one it is of nobody it knows.
    cancel(&pair.two, (3 << 24 | 5, 7)).await;
    let log = pair.one.log();
    let dropped = "a forwarded cancel request is not for this process";
    assert!(log.contains(dropped), "{log}{}", pair.two.log());
}
