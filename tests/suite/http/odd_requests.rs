//! Requests whose outside is wrong: other paths, other methods, headers that contradict each other,
//! and what a browser may be made to send by a page on another site.

use reqwest::RequestBuilder;
use tenancy_tests::sidecar::answer;

use super::site::{BODY, Site, only, refusal};

const HOST: &str = "acme.example.com";

#[tokio::test]
async fn other_paths_and_methods_say_where_sql_goes() {
    let site = Site::start(&["acme"]).await;
    for path in ["/", "/sql/", "/SQL", "/sql/x", "/metrics", "/..%2fsql"] {
        assert_eq!(answer(site.sidecar.post(path)).await.status.as_u16(), 404, "{path}");
    }
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}/sql", site.sidecar.address());
        let refused = answer(client.request(method.parse().unwrap(), url)).await;
        assert_eq!(refused.status.as_u16(), 405, "{method}");
    }
}

#[tokio::test]
async fn what_a_page_on_another_site_could_make_a_browser_send_is_refused() {
    let site = Site::start_with(&["acme"], &[("authentication", "none")]).await;
    let insert = r#"{"query":"INSERT INTO note (body) VALUES ('forged')"}"#;
    for kind in [
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("text/plain"),
        Some("text/plain; charset=application/json"),
        None,
    ] {
        let mut forged = site.sidecar.post("/sql").header("Host", HOST).body(insert);
        forged =
            forged.header("Origin", "https://evil.example").header("Sec-Fetch-Site", "cross-site");
        if let Some(kind) = kind {
            forged = forged.header("Content-Type", kind);
        }
        assert_eq!(answer(forged).await.status.as_u16(), 415, "{kind:?}");
    }
    assert_eq!(only(&site.query(HOST, BODY).await), "acme");
}

#[tokio::test]
async fn a_header_that_is_there_twice_is_refused() {
    let site = Site::start(&["acme", "globex"]).await;
    let other = site.tenants.application.dsn_at("globex.example.com");
    for (name, value) in [
        ("Neon-Connection-String", other.as_str()),
        ("Content-Type", "application/json"),
        ("Authorization", "Basic eDp5"),
    ] {
        let twice = posted(&site).header(name, value).body(r#"{"query":"SELECT 1"}"#);
        assert_eq!(refusal(&answer(twice).await), (400, "08P01"), "{name}");
    }
    for (name, value) in [
        ("Neon-Batch-Isolation-Level", "Serializable; DROP TABLE note"),
        ("Neon-Batch-Read-Only", "yes"),
        ("Neon-Array-Mode", "1"),
    ] {
        let odd = posted(&site).header(name, value).body(r#"{"queries":[]}"#);
        assert_eq!(refusal(&answer(odd).await), (400, "08P01"), "{name}");
    }
}

fn posted(site: &Site) -> RequestBuilder {
    let connection = site.tenants.application.dsn_at(HOST);
    let request = site.sidecar.post("/sql").header("Content-Type", "application/json");
    request.header("Neon-Connection-String", connection)
}
