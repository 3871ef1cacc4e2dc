//! Clients, server connections, routes and tenants that go away: nothing that a client said runs
//! anywhere but in its own tenant, and nothing stays behind.

use super::site::{BODY, Site, code, rows};
use std::time::Duration;
use tenancy_tests::session::Session;
use tenancy_tests::wire::Request;

/// Waits until a query gives this.
async fn becomes(session: &Session, sql: &str, expected: &str) {
    let mut last = String::new();
    for _ in 0..100 {
        last = session.text(sql).await;
        if last == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{sql}: {last}, not {expected}");
}

const AT_WORK: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()
      AND state = 'active'";

#[tokio::test]
async fn what_a_client_that_vanished_left_running_ends() {
    let site = Site::narrow().await;
    let superuser = site.database.superuser().await;
    let mut wire = site.wire("acme").await;
    wire.send(Request::new().query("SELECT pg_sleep(60)")).await;
    becomes(&superuser, AT_WORK, "1").await;
    drop(wire);
    becomes(&superuser, AT_WORK, "0").await;
    assert_eq!(site.connect("globex").await.text(BODY).await, "globex");
}

#[tokio::test]
async fn the_transaction_of_a_client_that_left_is_rolled_back() {
    let site = Site::narrow().await;
    let leaving = site.connect("acme").await;
    leaving.run("BEGIN; INSERT INTO note (body) VALUES ('lost')").await;
    drop(leaving);
    assert_eq!(site.connect("globex").await.text(BODY).await, "globex");
    assert_eq!(site.connect("acme").await.text("SELECT count(*) FROM note").await, "1");
}

#[tokio::test]
async fn a_backend_that_is_terminated_ends_its_client_alone() {
    let site = Site::start(&[("postgres.pool_size", "2")]).await;
    let superuser = site.database.superuser().await;
    let (acme, globex) = (site.connect("acme").await, site.connect("globex").await);
    acme.run("BEGIN").await;
    let pid = acme.text("SELECT pg_backend_pid()").await;
    superuser.run(&format!("SELECT pg_terminate_backend({pid})")).await;
    let error = acme.batch_execute("SELECT 1").await.unwrap_err();
    assert!(error.is_closed() || error.code().is_some_and(|code| code.code() == "57P01"));
    assert_eq!(globex.text(BODY).await, "globex");
    assert_eq!(site.connect("acme").await.text(BODY).await, "acme");
}

#[tokio::test]
async fn backends_that_died_while_idle_are_noticed_by_nobody() {
    let site = Site::start(&[("postgres.pool_size", "3")]).await;
    let superuser = site.database.superuser().await;
    let client = site.connect("acme").await;
    for _ in 0..5 {
        superuser
            .run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()
                    AND usename LIKE 'login%' AND application_name NOT LIKE 'tenancy %'",
            )
            .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(client.text(BODY).await, "acme");
    }
}

#[tokio::test]
async fn a_suspended_tenants_clients_are_told_so_and_come_back() {
    let site = Site::narrow().await;
    let client = site.connect("acme").await;
    client.run("SELECT 1").await;
    site.tenants.admin.run("SELECT tenancy.suspend('acme', reason => 'unpaid')").await;
    for _ in 0..2 {
        assert_eq!(client.refusal("INSERT INTO note (body) VALUES ('x')").await.code(), "57P03");
    }
    let refused = Session::try_open(&site.config("acme")).await.err().unwrap();
    assert_eq!(refused.code().unwrap().code(), "57P03");
    assert_eq!(site.connect("globex").await.text(BODY).await, "globex");
    site.tenants.admin.run("SELECT tenancy.resume('acme')").await;
    // The sidecar hears of it a moment later.
    for _ in 0..500 {
        if client.simple_query(BODY).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(client.text("SELECT count(*) FROM note").await, "1");
}

/// The connection that listens for changes of the registry is gone and cannot come back, for its login
/// may have one connection and that is the other; so only the server's answer to a switch tells.
async fn deaf() -> (Site, Session) {
    let settings = [("postgres.pool_size", "1"), ("registry.pool_size", "1")];
    let site = Site::start(&settings).await;
    site.connect("acme").await.run("SELECT 1").await;
    let superuser = site.database.superuser().await;
    let listener = "FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'tenancy notifications'";
    becomes(&superuser, &format!("SELECT count(*) {listener}"), "1").await;
    let login = superuser.text(&format!("SELECT usename {listener}")).await;
    superuser.run(&format!("ALTER ROLE {login} CONNECTION LIMIT 1")).await;
    superuser.run(&format!("SELECT pg_terminate_backend(pid, 5000) {listener}")).await;
    becomes(&superuser, &format!("SELECT count(*) {listener}"), "0").await;
    (site, superuser)
}

#[tokio::test]
async fn a_route_that_is_out_of_date_is_found_again_and_the_client_notices_nothing() {
    let (site, _superuser) = deaf().await;
    let mut wire = site.wire("acme").await;
    let other = site.connect("globex").await;
    for round in 0..5 {
        // The connection is in the other tenant: a switch goes ahead of the next query.
        assert_eq!(other.text(BODY).await, "globex");
        let change = format!("SELECT tenancy.add_domain('acme', 'new{round}.example.com')");
        site.tenants.admin.run(&change).await;
        let request = Request::new().parse("s", BODY).bind("s", &[]).execute();
        wire.send(request.raw(b'C', b"Ss\0").sync()).await;
        let replies = wire.until_ready().await;
        assert_eq!((code(&replies), rows(&replies)), (None, vec!["acme"]));
    }
}

#[tokio::test]
async fn a_client_whose_grant_was_revoked_does_nothing_more() {
    let site = Site::narrow().await;
    let client = site.connect("acme").await;
    let login = site.tenants.application.name();
    site.tenants.admin.run(&format!("SELECT tenancy.revoke_login('{login}', '*')")).await;
    for _ in 0..500 {
        if client.simple_query("INSERT INTO note (body) VALUES ('stray')").await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(client.refusal(BODY).await.code(), "3D000");
}

#[tokio::test]
async fn a_tenant_that_was_replaced_is_not_the_clients_tenant() {
    let site = Site::narrow().await;
    let client = site.connect("acme").await;
    client.run("SELECT 1").await;
    site.tenants
        .admin
        .run(
            "SELECT tenancy.drop('acme', grace => '0 s');
              SELECT tenancy.create('acme', template => 'notes')",
        )
        .await;
    for _ in 0..3 {
        let error = client.simple_query("INSERT INTO note (body) VALUES ('stray')").await;
        assert!(error.is_err());
    }
    assert_eq!(site.connect("acme").await.text("SELECT count(*) FROM note").await, "0");
}
