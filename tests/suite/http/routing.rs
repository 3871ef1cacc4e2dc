//! From what a request names to a tenant: hostnames in all their spellings, a proxy's header, and
//! what is answered where there is none to be had.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;
use tenancy_tests::sidecar::{Answer, BASE_DOMAIN, answer};

use super::site::{BODY, Site, only, refusal};

/// Another address of this machine, which plays the proxy.
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const HEADER: [(&str, &str); 2] = [("tenant_header", "X-Tenant"), ("trusted_proxies", "127.0.0.2")];

#[tokio::test]
async fn a_host_is_the_same_in_every_spelling() {
    let site = Site::start(&["acme"]).await;
    for host in
        ["acme.example.com", "ACME.Example.COM", "acme.example.com.", "acme.example.com:8080"]
    {
        let by_header = answer(site.by_header(BODY).header("Host", host)).await;
        assert_eq!(only(&by_header), "acme", "{host}");
        assert_eq!(only(&site.query(host, BODY).await), "acme", "{host}");
    }
}

#[tokio::test]
async fn only_direct_subdomains_of_a_base_domain_are_tenants() {
    let site = Site::start(&["acme", "globex"]).await;
    assert_eq!(only(&site.query(&format!("globex.{BASE_DOMAIN}"), BODY).await), "globex");
    for host in
        ["tenants.test", "www.acme.tenants.test", "acme.tenants.test.evil.com", "acmetenants.test"]
    {
        assert_eq!(refusal(&site.query(host, BODY).await), (404, "3D000"), "{host}");
    }
}

#[tokio::test]
async fn a_registered_domain_goes_before_a_tenants_name_below_a_base_domain() {
    let site = Site::start(&["acme", "globex"]).await;
    let host = format!("shop.{BASE_DOMAIN}");
    assert_eq!(site.query(&host, BODY).await.code(), "3D000");
    site.tenants.add("shop").await;
    site.tenants.admin.run(&format!("SELECT tenancy.add_domain('globex', '{host}')")).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(only(&site.query(&host, BODY).await), "globex");
}

#[tokio::test]
async fn the_host_of_the_connection_string_goes_before_the_host_header() {
    let site = Site::start(&["acme", "globex"]).await;
    let connection = site.tenants.application.dsn_at("acme.example.com");
    let request = site
        .sidecar
        .post("/sql")
        .header("Host", "globex.example.com")
        .header("Neon-Connection-String", connection)
        .json(&json!({ "query": BODY }));
    assert_eq!(only(&answer(request).await), "acme");
}

#[tokio::test]
async fn what_is_no_hostname_leads_nowhere() {
    let site = Site::start(&["acme"]).await;
    for host in
        ["127.0.0.1", "[::1]:80", "acme..example.com", "a@acme.example.com", "acme_x.example.com/"]
    {
        let refused = answer(site.by_header(BODY).header("Host", host)).await;
        assert_eq!(refused.status.as_u16(), 400, "{host}: {refused:?}");
    }
    let twice = site.by_header(BODY).header("Host", "acme.example.com");
    assert_eq!(answer(twice.header("Host", "acme.example.com")).await.status.as_u16(), 400);
}

#[tokio::test]
async fn a_tenant_header_counts_from_a_trusted_proxy_only() {
    let site = Site::start_with(&["acme", "globex"], &HEADER).await;
    let forged = site.by_header(BODY).header("X-Tenant", "acme");
    assert_eq!(refusal(&answer(forged).await), (403, "28000"));
    assert_eq!(only(&by_proxy(&site, "acme", "127.0.0.1:8080").await), "acme");
    assert_eq!(only(&by_proxy(&site, "acme", "api.internal").await), "acme");
    assert_eq!(refusal(&by_proxy(&site, "nobody", "api.internal").await), (404, "3D000"));
    assert_eq!(refusal(&by_proxy(&site, "../acme", "api.internal").await), (400, "22023"));
}

#[tokio::test]
async fn a_tenant_header_and_a_host_that_disagree_are_an_error() {
    let site = Site::start_with(&["acme", "globex"], &HEADER).await;
    assert_eq!(only(&by_proxy(&site, "acme", "acme.example.com").await), "acme");
    assert_eq!(refusal(&by_proxy(&site, "acme", "globex.example.com").await), (400, "22023"));
}

#[tokio::test]
async fn without_the_setting_the_header_means_nothing() {
    let site = Site::start(&["acme", "globex"]).await;
    let request = site.by_header(BODY).header("Host", "globex.example.com");
    assert_eq!(only(&answer(request.header("X-Tenant", "acme")).await), "globex");
}

#[tokio::test]
async fn a_tenant_of_others_and_a_host_of_nobody_look_the_same() {
    let site = Site::start(&["acme", "globex", "shut"]).await;
    site.tenants.admin.run("SELECT tenancy.suspend('shut')").await;
    let partner = site.database.login(&[]);
    let grant = format!("SELECT tenancy.grant_login('{}', 'acme')", partner.name());
    site.tenants.admin.run(&grant).await;
    let ask = async |host| site.sidecar.query(&partner, host, BODY, &[]).await;
    assert_eq!(only(&ask("acme.example.com").await), "acme");
    let nobody = ask("nobody.example.com").await;
    assert_eq!(refusal(&nobody), (404, "3D000"));
    for host in ["globex.example.com", "shut.example.com", "globex.tenants.test"] {
        let hidden = ask(host).await;
        assert_eq!((hidden.status, hidden.body), (nobody.status, nobody.body.clone()), "{host}");
    }
}

#[tokio::test]
async fn a_tenant_that_is_not_served_says_why_to_its_own() {
    let site = Site::start(&["acme", "shut", "quiet"]).await;
    let admin = &site.tenants.admin;
    admin.run("SELECT tenancy.suspend('shut'), tenancy.suspend('quiet', 'read_only')").await;
    admin.run("SELECT tenancy.create('new', domain => 'new.example.com', activate => false)").await;
    assert_eq!(refusal(&site.query("shut.example.com", BODY).await), (503, "57P03"));
    assert_eq!(refusal(&site.query("new.example.com", "SELECT 1").await), (503, "57P03"));
    assert_eq!(only(&site.query("quiet.example.com", BODY).await), "quiet");
    let write = site.query("quiet.example.com", "INSERT INTO note (body) VALUES ('x')").await;
    assert_eq!(refusal(&write), (400, "25006"));
    assert_eq!(only(&site.query("quiet.example.com", BODY).await), "quiet");
}

async fn by_proxy(site: &Site, tenant: &str, host: &str) -> Answer {
    let client = reqwest::Client::builder().no_proxy().local_address(PROXY).build().unwrap();
    let login = &site.tenants.application;
    let request = client
        .post(format!("http://{}/sql", site.sidecar.address()))
        .basic_auth(login.name(), Some(login.password()))
        .header("Host", host)
        .header("X-Tenant", tenant);
    answer(request.json(&json!({ "query": BODY }))).await
}
