//! The process `tenancy serve`: how it ends, and what it writes to its log.

use std::time::{Duration, Instant};

use serde_json::json;
use tenancy_tests::sidecar::answer;
use tokio::net::TcpStream;

use super::site::{BODY, Site, assert_under_way, only};

const HOST: &str = "acme.example.com";

#[tokio::test]
async fn a_request_that_is_under_way_is_answered_before_the_end() {
    let mut site = Site::start(&["acme"]).await;
    let running = tokio::spawn(asleep(&site, "2"));
    assert_under_way(&site.database.superuser().await).await;
    site.sidecar.signal("TERM");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(TcpStream::connect(site.sidecar.address()).await.is_err(), "it takes new clients");
    assert!(site.sidecar.is_running());
    assert_eq!(running.await.unwrap(), Some(200));
    assert!(site.sidecar.ended().await.success());
}

#[tokio::test]
async fn an_idle_process_ends_at_once_on_either_signal() {
    for signal in ["TERM", "INT"] {
        let mut site = Site::start(&["acme"]).await;
        assert_eq!(only(&site.query(HOST, BODY).await), "acme");
        let started = Instant::now();
        site.sidecar.signal(signal);
        assert!(site.sidecar.ended().await.success(), "{signal}");
        assert!(started.elapsed() < Duration::from_secs(2), "{signal}");
    }
}

#[tokio::test]
async fn a_second_signal_is_obeyed_at_once() {
    let mut site = Site::start(&["acme"]).await;
    let running = tokio::spawn(asleep(&site, "20"));
    assert_under_way(&site.database.superuser().await).await;
    site.sidecar.signal("TERM");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(site.sidecar.is_running());
    site.sidecar.signal("TERM");
    assert_eq!(site.sidecar.ended().await.code(), Some(130));
    assert_eq!(running.await.unwrap(), None);
}

#[tokio::test]
async fn what_is_not_done_when_the_patience_ends_is_cancelled() {
    let mut site = Site::start_with(&["acme"], &[("timeouts.drain", "300ms")]).await;
    let running = tokio::spawn(asleep(&site, "20"));
    assert_under_way(&site.database.superuser().await).await;
    site.sidecar.signal("TERM");
    assert!(site.sidecar.ended().await.success());
    assert_eq!(running.await.unwrap(), Some(503));
    let superuser = site.database.superuser().await;
    let connected = "SELECT FROM pg_stat_activity
        WHERE application_name = 'tenancy' AND datname = current_database()";
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(superuser.rows(connected).await.is_empty(), "the server still works for nobody");
}

#[tokio::test]
async fn the_log_names_the_tenant_and_gives_nothing_away() {
    let settings = [("log.level", "trace"), ("data.pool_size", "1")];
    let site = Site::start_with(&["acme", "globex"], &settings).await;
    let login = &site.tenants.application;
    let secret = json!(["parameter-of-mine"]);
    let secret = secret.as_array().unwrap();
    for sql in ["SELECT $1::text", "SELECT $1::int", "SELECT 'literal-of-mine', $1::text::xml::int"]
    {
        site.sidecar.query(login, HOST, sql, secret).await;
    }
    let guess = format!("postgres://{}:guess-of-mine@globex.example.com/db", login.name());
    let wrong = site.sidecar.post("/sql").header("Neon-Connection-String", guess);
    assert_eq!(answer(wrong.json(&json!({ "query": BODY }))).await.code(), "28P01");
    assert_eq!(only(&site.query("globex.example.com", BODY).await), "globex");
    let log = site.sidecar.log();
    for line in ["tenant=\"acme\"", "tenant=\"globex\"", "code=\"22P02\"", "code=\"28P01\""] {
        assert!(log.contains(line), "no {line} in:\n{log}");
    }
    for given_away in ["parameter-of-mine", "literal-of-mine", "guess-of-mine", "SCRAM-SHA-256$"] {
        assert!(!log.contains(given_away), "{given_away} in:\n{log}");
    }
    assert!(!log.contains(login.password()), "a client's password in:\n{log}");
    assert!(!log.contains("secret_"), "the gateway's or the resolver's password in:\n{log}");
    // The seal is 32 random bytes in hexadecimal.
    let seal = |word: &str| word.len() >= 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(!log.split(|c: char| !c.is_ascii_alphanumeric()).any(seal), "a seal in:\n{log}");
}

/// A statement that takes so many seconds; its status, or None when no answer came.
fn asleep(site: &Site, seconds: &str) -> impl Future<Output = Option<u16>> + use<> {
    let connection = site.tenants.application.dsn_at(HOST);
    let request = site.sidecar.post("/sql").header("Neon-Connection-String", connection);
    let request = request.json(&json!({ "query": format!("SELECT pg_sleep({seconds})") }));
    async move { request.send().await.ok().map(|response| response.status().as_u16()) }
}
