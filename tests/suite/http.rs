//! From a hostname to a tenant's rows, through the sidecar.

mod authentication;
mod bad_input;
mod configuration;
mod isolation_under_fire;
mod neon;
mod odd_requests;
mod outages;
mod process;
mod routing;
pub mod site;
mod stale_routes;

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tenancy_tests::database::Database;
use tenancy_tests::login::Login;
use tenancy_tests::sidecar::{BASE_DOMAIN, Sidecar, answer};
use tenancy_tests::tenant::Tenants;

const BODY: &str = "SELECT body FROM note";

#[tokio::test]
async fn the_same_query_under_each_tenants_hostname_gives_its_own_rows() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let sidecar = Sidecar::start(&database).await;
    for name in ["acme", "globex", "acme"] {
        for host in [format!("{name}.example.com"), format!("{name}.{BASE_DOMAIN}")] {
            let answer = sidecar.query(&tenants.application, &host, BODY, &[]).await;
            assert_eq!(answer.rows(), &[json!({ "body": name })], "{host}");
        }
    }
}

#[tokio::test]
async fn the_host_header_names_the_tenant_where_no_connection_string_does() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let sidecar = Sidecar::start(&database).await;
    let login = &tenants.application;
    let request = sidecar
        .post("/sql")
        .header("Host", "ACME.example.com:80")
        .basic_auth(login.name(), Some(login.password()))
        .json(&json!({ "query": BODY }));
    assert_eq!(answer(request).await.rows(), &[json!({ "body": "acme" })]);
}

#[tokio::test]
async fn an_unknown_host_is_refused_and_served_once_it_is_registered() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let sidecar = Sidecar::start(&database).await;
    let host = "late.example.com";
    let unknown = sidecar.query(&tenants.application, host, BODY, &[]).await;
    assert_eq!((unknown.status, unknown.code()), (StatusCode::NOT_FOUND, "3D000"));
    tenants.admin.run(&format!("SELECT tenancy.add_domain('acme', '{host}')")).await;
    assert_served_soon(&sidecar, &tenants.application, host, "acme").await;
}

#[tokio::test]
async fn a_wrong_password_and_a_login_without_a_grant_are_refused() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let sidecar = Sidecar::start(&database).await;
    let stranger = database.login(&[]);
    let refused = sidecar.query(&stranger, "acme.example.com", BODY, &[]).await;
    assert!(refused.status.is_client_error(), "{refused:?}");
    let guess = format!("postgres://{}:guess@acme.example.com/db", tenants.application.name());
    let request = sidecar.post("/sql").header("Neon-Connection-String", guess);
    let refused = answer(request.json(&json!({ "query": BODY }))).await;
    assert_eq!(refused.code(), "28P01");
}

#[tokio::test]
async fn a_suspended_tenant_is_refused_and_served_again_when_it_is_resumed() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let sidecar = Sidecar::start(&database).await;
    let host = "acme.example.com";
    assert_served_soon(&sidecar, &tenants.application, host, "acme").await;
    tenants.admin.run("SELECT tenancy.suspend('acme')").await;
    let refused = sidecar.query(&tenants.application, host, BODY, &[]).await;
    assert_eq!(refused.code(), "57P03");
    tenants.admin.run("SELECT tenancy.resume('acme')").await;
    assert_served_soon(&sidecar, &tenants.application, host, "acme").await;
}

/// A refusal may be remembered for a moment; rows of another tenant may never be given.
async fn assert_served_soon(sidecar: &Sidecar, login: &Login, host: &str, body: &str) {
    for _ in 0..50 {
        let answer = sidecar.query(login, host, BODY, &[]).await;
        if answer.status.is_success() {
            assert_eq!(answer.rows(), &[json!({ "body": body })]);
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{host} is not served after five seconds");
}
