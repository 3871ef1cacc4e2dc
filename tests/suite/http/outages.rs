//! Clients and servers that go away in the middle, and come back.

use std::time::{Duration, Instant};

use serde_json::json;
use tenancy_tests::cluster::Cluster;
use tenancy_tests::database::Database;
use tenancy_tests::sidecar::{Answer, Sidecar};
use tenancy_tests::tenant::Tenants;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::site::{BODY, Site, assert_under_way, only, refusal};

const HOST: &str = "acme.example.com";
const ONE_CONNECTION: [(&str, &str); 2] = [("data.pool_size", "1"), ("timeouts.checkout", "2s")];

#[tokio::test]
async fn a_client_that_hangs_up_takes_its_work_with_it() {
    let site = Site::start_with(&["acme"], &ONE_CONNECTION).await;
    let superuser = site.database.superuser().await;
    let work = json!({ "queries": [
        { "query": "INSERT INTO note (body) VALUES ('half')" },
        { "query": "SELECT pg_sleep(30)" },
    ] });
    let request = site.sidecar.sql(&site.tenants.application, HOST, &work);
    assert!(tokio::time::timeout(Duration::from_millis(700), request).await.is_err());
    // The one connection that there may be is free again, and nobody sleeps on another.
    let hung_up = Instant::now();
    assert_eq!(only(&site.query(HOST, BODY).await), "acme");
    let sleeping = "SELECT FROM pg_stat_activity
        WHERE query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid() AND state = 'active'";
    while !superuser.rows(sleeping).await.is_empty() {
        assert!(hung_up.elapsed() < Duration::from_secs(2), "the backend still works");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(site.rows_of(&superuser, "acme", "half").await, 0);
}

#[tokio::test]
async fn a_request_that_never_arrives_holds_no_server_connection() {
    let site = Site::start_with(&["acme"], &ONE_CONNECTION).await;
    let connection = site.tenants.application.dsn_at(HOST);
    let head = format!(
        "POST /sql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Neon-Connection-String: {connection}\r\nContent-Length: 1000\r\n\r\n{{\"query\":"
    );
    let mut unfinished = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(site.sidecar.address()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        unfinished.push(stream);
    }
    assert_eq!(only(&site.query(HOST, BODY).await), "acme");
    drop(unfinished);
    assert_eq!(only(&site.query(HOST, BODY).await), "acme");
}

#[tokio::test]
async fn work_that_takes_too_long_is_cancelled_and_rolled_back() {
    let settings = [("timeouts.request", "300ms"), ONE_CONNECTION[0], ONE_CONNECTION[1]];
    let site = Site::start_with(&["acme"], &settings).await;
    let slow = "WITH half AS (INSERT INTO note (body) VALUES ('half')) SELECT pg_sleep(30)";
    assert_eq!(refusal(&site.query(HOST, slow).await), (400, "57014"));
    assert_eq!(only(&site.query(HOST, BODY).await), "acme");
}

#[tokio::test]
async fn more_requests_than_connections_wait_their_turn_or_are_told_so() {
    let settings = [("data.pool_size", "1"), ("timeouts.checkout", "1s")];
    let site = Site::start_with(&["acme"], &settings).await;
    let ask = async |sql| site.query(HOST, sql).await;
    let (slow, short) = tokio::join!(ask("SELECT pg_sleep(0.2)::text"), ask(BODY));
    assert_eq!((slow.status.as_u16(), only(&short)), (200, "acme"));
    let superuser = site.database.superuser().await;
    let late = async |sql| {
        assert_under_way(&superuser).await;
        ask(sql).await
    };
    let (slow, refused) = tokio::join!(ask("SELECT pg_sleep(3)::text"), late(BODY));
    assert_eq!((slow.status.as_u16(), refusal(&refused)), (200, (503, "53300")));
}

#[tokio::test]
async fn a_server_that_goes_away_is_waited_for() {
    let cluster = Cluster::start(&[]);
    let database = Database::on(&cluster);
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let sidecar = Sidecar::start(&database).await;
    let ask = async |host| sidecar.query(&tenants.application, host, BODY, &[]).await;
    assert_eq!(only(&ask(HOST).await), "acme");
    let running = tokio::spawn(asleep(&sidecar, &tenants));
    assert_under_way(&database.superuser().await).await;
    // The throw-away server does not wait for the disk: a crash would take the logins away.
    database.superuser_sql("CHECKPOINT");
    cluster.halt();
    assert_eq!(running.await.unwrap(), 503);
    for host in [HOST, "globex.example.com", "nobody.example.com"] {
        assert_eq!(refusal(&ask(host).await), (503, "08006"), "{host}");
    }
    assert_eq!(sidecar.get("/healthz").await.status.as_u16(), 200);
    let ready = sidecar.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.body["registry"]), (503, &json!("unavailable")));
    cluster.resume();
    assert_eq!(only(&recovered(ask).await), "acme");
    let globex = ask("globex.example.com").await;
    assert!(globex.status.is_success(), "{globex:?}\n{}", sidecar.log());
    assert_eq!(refusal(&ask("nobody.example.com").await), (404, "3D000"));
    assert_eq!(sidecar.get("/readyz").await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_sidecar_without_its_server_lives_and_serves_nobody() {
    let nowhere = "postgres://login:secret@127.0.0.1:1/db";
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let settings = [("data.dsn", nowhere), ("registry.dsn", nowhere)];
    let sidecar = Sidecar::spawn(&database, &settings);
    for _ in 0..100 {
        if TcpStream::connect(sidecar.address()).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(sidecar.get("/healthz").await.status.as_u16(), 200);
    assert_eq!(sidecar.get("/readyz").await.status.as_u16(), 503);
    let refused = sidecar.query(&tenants.application, HOST, BODY, &[]).await;
    assert_eq!(refusal(&refused), (503, "08006"));
}

/// A statement that is under way; the status of its answer.
fn asleep(sidecar: &Sidecar, tenants: &Tenants) -> impl Future<Output = u16> + use<> {
    let connection = tenants.application.dsn_at(HOST);
    let request = sidecar.post("/sql").header("Neon-Connection-String", connection);
    let request = request.json(&json!({ "query": "SELECT pg_sleep(30)" }));
    async move { request.send().await.unwrap().status().as_u16() }
}

async fn recovered(ask: impl AsyncFn(&'static str) -> Answer) -> Answer {
    let started = Instant::now();
    loop {
        let answer = ask(HOST).await;
        if answer.status.is_success() {
            return answer;
        }
        assert!(started.elapsed() < Duration::from_secs(5), "not served again: {answer:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
