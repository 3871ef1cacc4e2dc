//! Names, labels and bounds of the metrics.

use super::*;

fn snapshot(tenants: impl IntoIterator<Item = (i64, &'static str, u64)>) -> Snapshot {
    let figures = |(id, name, transactions): (i64, &str, u64)| TenantFigures {
        id,
        name: name.into(),
        transactions,
        clients: 2,
        ..TenantFigures::default()
    };
    Snapshot { tenants: tenants.into_iter().map(figures).collect(), ..Snapshot::default() }
}

fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in:\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

const TRANSACTIONS: &str = "tenancy_stats_sql_transactions_pooled_total";

#[test]
fn so_many_tenants_have_labels_and_the_others_are_one() {
    let many = (0..1000).map(|id| (id, "tenant", 1000 - id as u64));
    let text = Metrics::default().text(Some(snapshot(many)), [3, 1, 0], 20).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with(TRANSACTIONS)).count(), 21);
    let other = value(&text, &format!("{TRANSACTIONS}{{tenant=\"other\",tenant_id=\"\"}}"));
    assert_eq!(other, (1..=980).sum::<u64>() as f64);
    assert_eq!(value(&text, "tenancy_http_server_connections{state=\"active\"}"), 2.0);
    assert_eq!(value(&text, "tenancy_tenants"), 1000.0);
    assert!(text.len() < 50_000 && text.ends_with("# EOF\n"));
}

#[test]
fn what_is_said_of_the_others_never_goes_down() {
    let metrics = Metrics::default();
    let other = |tenants: &[(i64, &'static str, u64)]| {
        let text = metrics.text(Some(snapshot(tenants.iter().copied())), [0; 3], 1).unwrap();
        value(&text, &format!("{TRANSACTIONS}{{tenant=\"other\""))
    };
    assert_eq!(other(&[(1, "acme", 10), (2, "globex", 9)]), 9.0);
    assert_eq!(other(&[(2, "globex", 100), (1, "acme", 10)]), 10.0);
    assert_eq!(other(&[(2, "globex", 100), (3, "initech", 5)]), 10.0);
}

#[test]
fn a_tenant_that_is_called_other_is_told_from_the_others() {
    let text = Metrics::default().text(Some(snapshot([(7, "other", 3)])), [0; 3], 1).unwrap();
    let named = format!("{TRANSACTIONS}{{tenant=\"other\",tenant_id=\"7\"}}");
    assert_eq!(value(&text, &named), 3.0);
}
