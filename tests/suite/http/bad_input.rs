//! Requests that are wrong, odd or hostile: each is answered, and the next one is served as ever.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tenancy_tests::sidecar::{Answer, answer};

use super::site::{BODY, Site, only, refusal};

const HOST: &str = "acme.example.com";

#[tokio::test]
async fn a_body_that_is_not_in_the_protocol_is_refused() {
    let site = Site::start(&["acme"]).await;
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "{",
        "SELECT 1",
        "{\"query\":",
        "{\"query\":null}",
        r#"{"query":1}"#,
        r#"{"query":["SELECT 1"]}"#,
        r#"{"query":"SELECT 1","params":"x"}"#,
        r#"{"query":"SELECT 1","params":{"a":1}}"#,
        r#"{"query":"SELECT 1","tenant":"globex"}"#,
        r#"{"query":"SELECT 1","query":"SELECT 2"}"#,
        r#"{"query":"SELECT 1","queries":[]}"#,
        r#"{"query":"SELECT 1","arrayMode":"yes"}"#,
        r#"{"queries":{"query":"SELECT 1"}}"#,
        r#"{"queries":[{"query":"SELECT 1","isolation":"x"}]}"#,
        r#"{"query":"SELECT 1"}{"query":"SELECT 2"}"#,
        "{\"query\":\"\u{1}\"}",
    ] {
        let request = posted(&site).body(body);
        assert_eq!(refusal(&answer(request).await), (400, "08P01"), "{body}");
    }
    let bytes = [&b"{\"query\":\"SELECT '"[..], &[0xff, 0xfe], b"'\"}"].concat();
    assert_eq!(answer(posted(&site).body(bytes)).await.code(), "08P01");
    assert_still_served(&site).await;
}

#[tokio::test]
async fn a_query_is_one_statement_and_no_transaction_control() {
    let site = Site::start(&["acme"]).await;
    for (sql, code) in [
        ("SELECT 1; SELECT 2", "42601"),
        ("INSERT INTO note (body) VALUES ('x'); COMMIT", "42601"),
        ("COMMIT", "25001"),
        ("/* */ begin", "25001"),
        ("ROLLBACK TO SAVEPOINT a", "25001"),
        ("PREPARE TRANSACTION 'a'", "25001"),
        ("SELECT $1", "08P01"),
        ("SELEC 1", "42601"),
        ("SELECT 'a\0b'", "22021"),
    ] {
        assert_eq!(refusal(&site.query(HOST, sql).await), (400, code), "{sql}");
    }
    for empty in ["", ";", " -- nothing\n"] {
        assert!(site.query(HOST, empty).await.rows().is_empty(), "{empty:?}");
    }
    let none = sql(&site, json!({ "queries": [] })).await;
    assert_eq!(none.body["results"], json!([]));
    assert_still_served(&site).await;
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_the_clients_error() {
    let site = Site::start(&["acme"]).await;
    for (query, params, code) in [
        ("SELECT $1::int", json!([]), "08P01"),
        ("SELECT 1", json!([1]), "08P01"),
        ("SELECT $1::int", json!([1, 2]), "08P01"),
        ("SELECT $1::int", json!(["x"]), "22P02"),
        ("SELECT $1::int", json!([99_999_999_999_u64]), "22003"),
        ("SELECT $1::text", json!(["a\0b"]), "22021"),
        ("SELECT $1::jsonb", json!([{ "a": "\0" }]), "22P05"),
        ("SELECT $1::int[]", json!([[[1], [2, 3]]]), "22P02"),
    ] {
        let refused = sql(&site, json!({ "query": query, "params": params })).await;
        assert_eq!(refusal(&refused), (400, code), "{query} {params}");
    }
    let many: Vec<u32> = (0..70_000).collect();
    let refused = sql(&site, json!({ "query": "SELECT 1", "params": many })).await;
    assert_eq!(refusal(&refused), (400, "54000"));
    let huge =
        r#"{"query":"SELECT $1::numeric::text AS n","params":[123456789012345678901234567890.10]}"#;
    assert_eq!(only(&answer(posted(&site).body(huge)).await), "123456789012345678901234567890.10");
    assert_still_served(&site).await;
}

#[tokio::test]
async fn copy_and_notifications_do_not_break_the_connection() {
    let site = Site::start_with(&["acme"], &[("data.pool_size", "1")]).await;
    for copy in ["COPY note TO STDOUT", "COPY note FROM STDIN", "COPY (SELECT 1) TO STDOUT"] {
        assert_eq!(refusal(&site.query(HOST, copy).await), (400, "0A000"), "{copy}");
        let two = json!({ "queries": [{ "query": copy }, { "query": BODY }] });
        assert_eq!(refusal(&sql(&site, two).await), (400, "0A000"), "{copy}");
        assert_still_served(&site).await;
    }
    let talk = ["LISTEN news", "NOTIFY news, 'x'", "SELECT pg_notify('news', 'y')"];
    let talk: Vec<Value> = talk.iter().map(|query| json!({ "query": query })).collect();
    sql(&site, json!({ "queries": talk })).await;
    assert_still_served(&site).await;
    let notice = "DO $$ BEGIN FOR i IN 1..2000 LOOP RAISE NOTICE 'n %', i; END LOOP; END $$";
    assert_eq!(site.query(HOST, notice).await.status.as_u16(), 200);
    assert_still_served(&site).await;
}

#[tokio::test]
async fn large_bodies_and_results_have_their_limits() {
    let limits = [("limits.body_bytes", "20000"), ("limits.result_bytes", "3000000")];
    let site = Site::start_with(&["acme"], &limits).await;
    let large = "x".repeat(20_000);
    let refused = sql(&site, json!({ "query": "SELECT $1", "params": [large] })).await;
    assert_eq!(refusal(&refused), (413, "54000"));
    let fits = site.query(HOST, "SELECT repeat('é', 1200000) AS text").await;
    assert_eq!(only(&fits).chars().count(), 1_200_000);
    for rows in
        ["SELECT repeat('x', 4000000)", "SELECT repeat('x', 1000) FROM generate_series(1, 9000)"]
    {
        assert_eq!(refusal(&site.query(HOST, rows).await), (400, "54000"), "{rows}");
    }
    assert_still_served(&site).await;
}

fn posted(site: &Site) -> RequestBuilder {
    let connection = site.tenants.application.dsn_at(HOST);
    let request = site.sidecar.post("/sql").header("Content-Type", "application/json");
    request.header("Neon-Connection-String", connection)
}

async fn sql(site: &Site, body: Value) -> Answer {
    site.sidecar.sql(&site.tenants.application, HOST, &body).await
}

async fn assert_still_served(site: &Site) {
    assert_eq!(only(&site.query(HOST, BODY).await), "acme");
}
