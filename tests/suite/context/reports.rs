//! What clients and poolers hear of the context: ParameterStatus of `tenancy.tenant` and
//! `search_path`.

use std::collections::BTreeMap;

use super::SEAL;
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Reply, Request, Wire};

/// What was reported with the answer to a statement.
async fn reported(wire: &mut Wire, sql: &str) -> BTreeMap<String, String> {
    let replies = wire.ask(Request::new().query(sql)).await;
    let reports = replies.into_iter().filter_map(|reply| match reply {
        Reply::Parameter(name, value) => Some((name, value)),
        Reply::Error(error) if !sql.contains("1/0") => panic!("{sql}: {error:?}"),
        _ => None,
    });
    reports.filter(|(name, _)| matches!(&name[..], "tenancy.tenant" | "search_path")).collect()
}

fn named(tenant: &str, path: &str) -> BTreeMap<String, String> {
    let pairs = [("tenancy.tenant", tenant), ("search_path", path)];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[tokio::test]
async fn a_client_hears_of_every_change_of_tenant_and_path() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let acme = format!("\"{}\", \"public\", pg_temp", tenants.column("acme", "schema").await);
    let globex = format!("\"{}\", \"public\", pg_temp", tenants.column("globex", "schema").await);
    let mut wire = Wire::connect(&tenants.application).await;
    let enter = |name: &str| format!("SELECT tenancy.enter('{name}', '{SEAL}')");
    assert_eq!(reported(&mut wire, &enter("acme")).await, named("acme", &acme));
    assert_eq!(reported(&mut wire, &enter("globex")).await, named("globex", &globex));
    for unheard in ["BEGIN", "ROLLBACK", "RESET ALL", "SELECT 1/0", "DISCARD ALL", "RESET ROLE"] {
        assert_eq!(reported(&mut wire, unheard).await, BTreeMap::new(), "{unheard}");
    }
    let leave = format!("SELECT tenancy.leave('{SEAL}')");
    assert_eq!(reported(&mut wire, &leave).await, named("", "\"$user\", public"));
}

#[tokio::test]
async fn a_client_hears_that_a_local_context_begins_and_ends() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let acme = format!("\"{}\", \"public\", pg_temp", tenants.column("acme", "schema").await);
    let mut wire = Wire::connect(&tenants.application).await;
    for end in ["COMMIT", "ROLLBACK"] {
        let begin = "BEGIN; SELECT tenancy.enter_local('acme')";
        assert_eq!(reported(&mut wire, begin).await, named("acme", &acme));
        assert_eq!(reported(&mut wire, end).await, named("", "\"$user\", public"), "{end}");
    }
}

#[tokio::test]
async fn a_client_is_told_the_tenant_from_the_start() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    // What the start-up reported is gone by now; a change that is undone reports both again.
    let mut wire = Wire::connect(&tenants.application).await;
    let key = wire.query("SELECT tenancy.enter('acme')").await.unwrap().concat();
    let key = key[0].as_ref().unwrap();
    let leave = format!("SELECT tenancy.leave('{key}')");
    assert_eq!(reported(&mut wire, &leave).await, named("", "\"$user\", public"));
}
