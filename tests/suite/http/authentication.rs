//! Who may come in by HTTP: the password of PostgreSQL's own role, and no privileged role.

use std::time::{Duration, Instant};

use reqwest::header::WWW_AUTHENTICATE;
use serde_json::json;
use tenancy_tests::login::unique;
use tenancy_tests::sidecar::{Answer, answer};

use super::site::{BODY, Site, only, refusal};

const HOST: &str = "acme.example.com";
const PASSWORD: &str = "s3cret";

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_are_the_same() {
    let site = Site::start(&["acme"]).await;
    let login = site.tenants.application.name();
    for host in [HOST, "nobody.example.com"] {
        let wrong = basic(&site, login, "guess", host).await;
        let unknown = basic(&site, "nobody", "guess", host).await;
        assert_eq!(refusal(&wrong), (401, "28P01"), "{host}");
        let renamed = wrong.body.to_string().replace(login, "nobody");
        assert_eq!((unknown.status, unknown.body.to_string()), (wrong.status, renamed));
    }
}

#[tokio::test]
async fn without_credentials_a_client_is_asked_for_them() {
    let site = Site::start(&["acme"]).await;
    for host in [HOST, "nobody.example.com"] {
        let body = json!({ "query": BODY });
        let request = site.sidecar.post("/sql").header("Host", host).json(&body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 401, "{host}");
        assert!(response.headers()[WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic "));
    }
    for (login, password) in [("", ""), ("nobody", ""), ("", "x")] {
        assert_eq!(basic(&site, login, password, HOST).await.status.as_u16(), 401);
    }
    let bearer = site.sidecar.post("/sql").bearer_auth("a.b.c").json(&json!({ "query": BODY }));
    assert_eq!(refusal(&answer(bearer).await), (401, "28000"));
}

#[tokio::test]
async fn logins_that_became_privileged_are_refused_with_their_right_password() {
    let site = Site::start(&["acme"]).await;
    let superuser = site.database.superuser().await;
    for privilege in [
        "ALTER ROLE app SUPERUSER",
        "ALTER ROLE app CREATEROLE",
        "ALTER ROLE app REPLICATION",
        "ALTER ROLE app BYPASSRLS",
        "GRANT tenancy_admin TO app",
        "GRANT tenancy_gateway TO app",
        "GRANT tenancy_resolver TO app",
        "GRANT tenancy_bypass TO app",
        "GRANT pg_read_all_data TO app",
        "GRANT pg_execute_server_program TO app",
    ] {
        let login = role(&site, &format!("PASSWORD '{PASSWORD}'")).await;
        let before = basic(&site, &login, PASSWORD, "nobody.example.com").await;
        assert_eq!(refusal(&before), (404, "3D000"));
        superuser.run(&privilege.replace("app", &login)).await;
        let refused = basic(&site, &login, PASSWORD, HOST).await;
        assert_eq!(refusal(&refused), (401, "28P01"), "{privilege}");
    }
}

#[tokio::test]
async fn logins_that_cannot_log_in_with_a_verifier_are_refused() {
    let site = Site::start(&["acme"]).await;
    for (attributes, password) in [
        ("PASSWORD 's3cret' VALID UNTIL '2001-01-01'", PASSWORD),
        ("NOLOGIN PASSWORD 's3cret'", PASSWORD),
        (
            "PASSWORD 's3cret'; SET password_encryption = 'md5'; ALTER ROLE app PASSWORD 's3cret'",
            PASSWORD,
        ),
        ("PASSWORD NULL", ""),
        ("PASSWORD NULL", "null"),
    ] {
        let login = role(&site, attributes).await;
        let refused = basic(&site, &login, password, HOST).await;
        assert_eq!(refusal(&refused), (401, "28P01"), "{attributes}");
    }
    let future = format!("PASSWORD '{PASSWORD}' VALID UNTIL '2999-01-01'");
    let login = role(&site, &future).await;
    assert_eq!(only(&basic(&site, &login, PASSWORD, HOST).await), "acme");
}

#[tokio::test]
async fn a_password_may_hold_any_character() {
    let site = Site::start(&["acme"]).await;
    for (password, encoded) in [
        ("p@ss/:%?#[]& +", "p%40ss%2F%3A%25%3F%23%5B%5D%26%20%2B"),
        ("pässwörd€", "p%C3%A4ssw%C3%B6rd%E2%82%AC"),
        ("a''b\"\\", "a%27b%22%5C"),
    ] {
        let login = role(&site, &format!("PASSWORD '{password}'")).await;
        let connection = format!("postgresql://{login}:{encoded}@{HOST}/db?sslmode=require");
        let request = site.sidecar.post("/sql").header("Neon-Connection-String", connection);
        let answered = answer(request.json(&json!({ "query": BODY }))).await;
        assert_eq!(only(&answered), "acme", "{password}");
        let plain = password.replace("''", "'");
        assert_eq!(only(&basic(&site, &login, &plain, HOST).await), "acme", "{password}");
    }
}

#[tokio::test]
async fn passwords_that_postgresql_takes_for_the_same_are_the_same() {
    let site = Site::start(&["acme"]).await;
    // SASLprep: a soft hyphen is nothing, the Roman numeral nine is I and X.
    let login = role(&site, "PASSWORD E'I\\u00adX'").await;
    for password in ["IX", "I\u{ad}X", "\u{2168}"] {
        assert_eq!(only(&basic(&site, &login, password, HOST).await), "acme", "{password:?}");
    }
    assert_eq!(basic(&site, &login, "ix", HOST).await.code(), "28P01");
}

#[tokio::test]
async fn a_new_password_counts_at_once_and_the_old_one_for_a_moment_at_most() {
    let site = Site::start_with(&["acme"], &[("password_cache_ttl", "1s")]).await;
    let login = role(&site, "PASSWORD 'old'").await;
    assert_eq!(only(&basic(&site, &login, "old", HOST).await), "acme");
    site.database.superuser().await.run(&format!("ALTER ROLE {login} PASSWORD 'new'")).await;
    let changed = Instant::now();
    assert_eq!(only(&basic(&site, &login, "new", HOST).await), "acme");
    while basic(&site, &login, "old", HOST).await.status.is_success() {
        assert!(changed.elapsed() < Duration::from_secs(3), "the old password still counts");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(only(&basic(&site, &login, "new", HOST).await), "acme");
}

#[tokio::test]
async fn a_grant_for_one_tenant_opens_no_other() {
    let site = Site::start(&["acme", "globex"]).await;
    let login = site.database.login(&[]);
    let grant = format!("SELECT tenancy.grant_login('{}', 'acme')", login.name());
    site.tenants.admin.run(&grant).await;
    assert_eq!(only(&basic(&site, login.name(), login.password(), HOST).await), "acme");
    let refused = basic(&site, login.name(), login.password(), "globex.example.com").await;
    assert_eq!(refusal(&refused), (404, "3D000"));
}

#[tokio::test]
async fn without_authentication_the_host_alone_decides() {
    let site = Site::start_with(&["acme"], &[("authentication", "none")]).await;
    let ask = async |host| {
        let request = site.sidecar.post("/sql").header("Host", host);
        answer(request.json(&json!({ "query": BODY }))).await
    };
    assert_eq!(only(&ask(HOST).await), "acme");
    assert_eq!(refusal(&ask("nobody.example.com").await), (404, "3D000"));
}

/// A login that may enter every tenant; `app` in the attributes stands for its name.
async fn role(site: &Site, attributes: &str) -> String {
    let name = unique("login");
    let superuser = site.database.superuser().await;
    superuser.run(&format!("CREATE ROLE {name} LOGIN")).await;
    superuser.run(&format!("SELECT tenancy.grant_login('{name}', '*')")).await;
    superuser.run(&format!("ALTER ROLE app {attributes}").replace("app", &name)).await;
    name
}

async fn basic(site: &Site, login: &str, password: &str, host: &str) -> Answer {
    let request = site.sidecar.post("/sql").basic_auth(login, Some(password));
    answer(request.header("Host", host).json(&json!({ "query": BODY }))).await
}
