//! RELOAD and SIGHUP: what changes, for whom, and what a broken file does.

use tenancy_tests::session::Session;

use super::super::site::BODY;
use super::{Operated, value};

#[tokio::test]
async fn a_limit_changes_and_no_client_is_lost() {
    let operated = Operated::start(&[]).await;
    let client = operated.site.connect("acme").await;
    client.run("BEGIN").await;
    operated.configure("postgres", "clients_per_tenant = 1\nsession_logins = ['nobody']");
    operated.says("RELOAD").await;
    let refused = Session::try_open(&operated.site.config("acme")).await.err().unwrap();
    assert_eq!(refused.code().unwrap().code(), "53300");
    assert_eq!(client.text(BODY).await, "acme");
    client.run("COMMIT").await;
    operated.configure("postgres", "transactions_per_second = 0");
    let file = std::fs::read_to_string(operated.site.sidecar.configuration()).unwrap();
    let more = file.replace("clients_per_tenant = 1", "clients_per_tenant = 2");
    std::fs::write(operated.site.sidecar.configuration(), more).unwrap();
    operated.site.sidecar.signal("HUP");
    operated.logged("configuration reloaded").await;
    for _ in 0..50 {
        if let Ok(second) = Session::try_open(&operated.site.config("acme")).await {
            assert_eq!(second.text(BODY).await, "acme");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("SIGHUP changed nothing");
}

#[tokio::test]
async fn a_smaller_pool_closes_what_is_more() {
    let operated = Operated::start(&[]).await;
    let clients = [operated.site.connect("acme").await, operated.site.connect("globex").await];
    let superuser = operated.site.database.superuser().await;
    for client in &clients {
        client.run("BEGIN").await;
    }
    operated.configure("postgres", "pool_size = 1");
    operated.says("RELOAD").await;
    for client in &clients {
        client.run("COMMIT").await;
    }
    assert_eq!(value(&operated.shows("SHOW THREADS").await, "0", 5), "1");
    assert_eq!(value(&operated.shows("SHOW THREADS").await, "0", 2), "1");
    assert!(operated.site.server_connections(&superuser).await <= 2, "one, and one for HTTP");
    assert_eq!(clients[0].text(BODY).await, "acme");
}

#[tokio::test]
async fn what_needs_a_new_start_is_named_and_stays() {
    let operated = Operated::start(&[]).await;
    operated.configure("postgres", "threads = 3\nclients = 77");
    let (_, words) = operated.says("RELOAD").await;
    assert!(words.contains("WARNING") && words.contains("\"postgres.threads\""), "{words}");
    assert!(!words.contains("postgres.clients"), "{words}");
    let config = operated.shows("SHOW CONFIG").await;
    assert_eq!(value(&config, "postgres.threads", 1), "1");
    assert_eq!(value(&config, "postgres.clients", 1), "77");
    assert!(operated.site.sidecar.log().contains("key=\"postgres.threads\""));
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_is_reported() {
    let operated = Operated::start(&[]).await;
    let client = operated.site.connect("acme").await;
    operated.configure("postgres", "clients = 77\npool_size = 0");
    let (succeeded, _, words) = operated.tries("RELOAD").await;
    assert!(!succeeded && words.contains("postgres.pool_size"), "{words}");
    assert!(words.contains("Nothing has changed"), "{words}");
    operated.site.sidecar.signal("HUP");
    operated.logged("nothing has changed").await;
    assert_eq!(value(&operated.shows("SHOW CONFIG").await, "postgres.clients", 1), "10000");
    assert_eq!(client.text(BODY).await, "acme");
}

#[tokio::test]
async fn the_log_says_more_from_then_on() {
    let operated = Operated::start(&[]).await;
    operated.configure("log", "level = 'debug'");
    operated.says("RELOAD").await;
    let wrong = operated.site.config("nobody");
    assert!(Session::try_open(&wrong).await.is_err());
    operated.logged("a client did not come in").await;
}
