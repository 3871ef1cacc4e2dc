//! The face for operators' machines: metrics that a parser takes, of bounded length, and health.

use std::collections::{HashMap, HashSet};

use tenancy_tests::sidecar::Sidecar;

use super::super::site::BODY;
use super::Operated;

/// Series by their names and labels, as they stand.
type Series = HashMap<String, f64>;

async fn scrape(sidecar: &Sidecar) -> Series {
    let url = format!("http://{}/metrics", sidecar.admin());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    parse(&answer.text().await.unwrap())
}

/// As OpenMetrics has it: each family's type once and first, its series behind, none twice, `# EOF` last.
fn parse(text: &str) -> Series {
    let mut series = Series::new();
    let (mut families, mut family) = (HashSet::new(), "");
    let body = text.strip_suffix("# EOF\n").expect("it ends");
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            family = rest.split(' ').next().unwrap();
            assert!(families.insert(family), "{family} twice");
        } else if !line.starts_with("# ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(family), "{name} is not of {family}");
            let known = series.insert(name.to_owned(), value.parse().unwrap());
            assert!(known.is_none(), "{name} twice");
        }
    }
    series
}

#[tokio::test]
async fn tenants_clients_and_server_connections_are_counted() {
    let operated = Operated::start(&[]).await;
    let client = operated.site.connect("acme").await;
    for _ in 0..3 {
        assert_eq!(client.text(BODY).await, "acme");
    }
    let series = scrape(&operated.site.sidecar).await;
    let of_acme = |name: &str| {
        let start = format!("tenancy_{name}{{tenant=\"acme\"");
        let found = series.iter().find(|(known, _)| known.starts_with(&start));
        *found.unwrap_or_else(|| panic!("no {start} in {series:?}")).1
    };
    assert_eq!(of_acme("stats_sql_transactions_pooled_total"), 3.0);
    assert_eq!(of_acme("pools_client_active_connections"), 1.0);
    assert!(of_acme("stats_server_in_transaction_seconds_total") > 0.0);
    assert_eq!(series["tenancy_used_clients"], 1.0);
    assert_eq!(series["tenancy_connections_total{outcome=\"admitted\"}"], 1.0);
    assert_eq!(series["tenancy_server_connections{thread=\"0\",state=\"idle\"}"], 1.0);
}

#[tokio::test]
async fn many_tenants_make_few_series() {
    let operated = Operated::start(&[("metrics.tenants", "2")]).await;
    let site = &operated.site;
    for n in 0..4 {
        let name = format!("more{n}");
        site.tenants.add(&name).await;
        let client = site.connect(&name).await;
        for _ in 0..=n {
            assert_eq!(client.text(BODY).await, name);
        }
    }
    let series = scrape(&site.sidecar).await;
    let name = "tenancy_stats_sql_transactions_pooled_total";
    let found: Vec<_> = series.iter().filter(|(known, _)| known.starts_with(name)).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(series[&format!("{name}{{tenant=\"other\",tenant_id=\"\"}}")], 3.0);
    assert!(found.iter().any(|(known, number)| known.contains("more3") && **number == 4.0));
}

#[tokio::test]
async fn health_is_told_there_as_well() {
    let operated = Operated::start(&[]).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/healthz", "/readyz"] {
        let url = format!("http://{}{path}", operated.site.sidecar.admin());
        assert!(client.get(url).send().await.unwrap().status().is_success(), "{path}");
    }
}
