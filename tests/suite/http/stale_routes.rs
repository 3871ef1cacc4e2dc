//! Changes of the registry that the sidecar was not told of: the connection that it listens on is
//! gone and cannot come back. The server's answer to the switch is all there is.

use std::time::Duration;

use tenancy_tests::session::Session;
use tenancy_tests::sidecar::Answer;

use super::site::{BODY, Site, only, refusal};

const HOST: &str = "shop.example.com";
const WRITE: &str = "INSERT INTO note (body) VALUES ('stray')";
/// Commits by itself, where a statement may.
const COMMIT: &str = "DO $$ BEGIN INSERT INTO note (body) VALUES ('stray'); COMMIT; END $$";

#[tokio::test]
async fn work_for_a_domain_that_moved_reaches_neither_tenant() {
    for sql in [BODY, WRITE, COMMIT] {
        let (site, superuser) = deaf_site().await;
        let moved = "SELECT tenancy.remove_domain('shop.example.com');
                     SELECT tenancy.add_domain('globex', 'shop.example.com')";
        site.tenants.admin.run(moved).await;
        assert_eq!(refusal(&site.query(HOST, sql).await), (503, "40001"), "{sql}");
        assert_eq!(strays(&site, &superuser).await, 0, "{sql}");
        assert_eq!(only(&site.query(HOST, BODY).await), "globex");
    }
}

#[tokio::test]
async fn work_for_a_tenant_that_was_replaced_does_not_reach_its_successor() {
    for sql in [BODY, WRITE, COMMIT] {
        let (site, superuser) = deaf_site().await;
        let replaced = "SELECT tenancy.drop('acme', grace => '0 s');
            SELECT tenancy.create('acme', template => 'notes', domain => 'shop.example.com')";
        site.tenants.admin.run(replaced).await;
        assert_eq!(refusal(&site.query(HOST, sql).await), (503, "40001"), "{sql}");
        assert_eq!(strays(&site, &superuser).await, 0, "{sql}");
        assert!(site.query(HOST, BODY).await.rows().is_empty());
    }
}

#[tokio::test]
async fn work_of_a_login_whose_grant_was_revoked_is_rolled_back() {
    for sql in [BODY, WRITE, COMMIT] {
        let (site, superuser) = deaf_site().await;
        let login = site.tenants.application.name();
        let revoke = format!("SELECT tenancy.revoke_login('{login}', '*')");
        site.tenants.admin.run(&revoke).await;
        assert_eq!(refusal(&site.query(HOST, sql).await), (404, "3D000"), "{sql}");
        assert_eq!(strays(&site, &superuser).await, 0, "{sql}");
    }
}

#[tokio::test]
async fn a_change_that_leaves_the_way_open_costs_nothing_but_a_look() {
    let (site, superuser) = deaf_site().await;
    site.tenants.admin.run("SELECT tenancy.add_domain('acme', 'new.example.com')").await;
    assert_eq!(site.query(HOST, WRITE).await.status.as_u16(), 200);
    assert_eq!(strays(&site, &superuser).await, 1);
    assert_eq!(only(&site.query("new.example.com", "SELECT min(body) FROM note").await), "acme");
}

#[tokio::test]
async fn a_suspension_counts_at_once_and_its_end_after_a_moment() {
    let (site, superuser) = deaf_site().await;
    site.tenants.admin.run("SELECT tenancy.suspend('acme')").await;
    for _ in 0..2 {
        assert_eq!(refusal(&site.query(HOST, WRITE).await), (503, "57P03"));
    }
    assert_eq!(strays(&site, &superuser).await, 0);
    site.tenants.admin.run("SELECT tenancy.resume('acme')").await;
    assert_eq!(only(&soon(&site).await), "acme");
}

#[tokio::test]
async fn a_dropped_tenant_is_gone_at_once() {
    let (site, _superuser) = deaf_site().await;
    site.tenants.admin.run("SELECT tenancy.drop('acme', grace => '0 s')").await;
    for _ in 0..2 {
        assert_eq!(refusal(&site.query(HOST, BODY).await), (404, "3D000"));
    }
}

/// A site whose sidecar knows where `shop.example.com` leads, and hears nothing any more.
async fn deaf_site() -> (Site, Session) {
    let settings = [("registry.pool_size", "1"), ("routes.negative_ttl", "200ms")];
    let site = Site::start_with(&["acme", "globex"], &settings).await;
    site.tenants.admin.run("SELECT tenancy.add_domain('acme', 'shop.example.com')").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(only(&site.query(HOST, BODY).await), "acme");
    let superuser = site.database.superuser().await;
    deafen(&superuser).await;
    (site, superuser)
}

/// Ends the connection that listens. The login may have one connection, and that is the other.
async fn deafen(superuser: &Session) {
    const LISTENER: &str = "FROM pg_stat_activity
        WHERE application_name = 'tenancy notifications' AND datname = current_database()";
    let login = superuser.text(&format!("SELECT usename {LISTENER}")).await;
    superuser.run(&format!("ALTER ROLE {login} CONNECTION LIMIT 1")).await;
    superuser.run(&format!("SELECT pg_terminate_backend(pid, 5000) {LISTENER}")).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(superuser.rows(&format!("SELECT {LISTENER}")).await.is_empty());
}

async fn strays(site: &Site, superuser: &Session) -> usize {
    site.rows_of(superuser, "acme", "stray").await
        + site.rows_of(superuser, "globex", "stray").await
}

async fn soon(site: &Site) -> Answer {
    for _ in 0..20 {
        let answer = site.query(HOST, BODY).await;
        if answer.status.is_success() {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{HOST} is not served after a second")
}
