//! The end of a context of one transaction may be anybody's, so it must not lead into another tenant.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

/// Every way on that somebody inside can try once the transaction is over.
const WAYS_ON: [&str; 4] = [
    "SELECT tenancy.enter('globex')",
    "SELECT tenancy.enter('globex', 'a seal that is long enough')",
    "BEGIN; SELECT tenancy.enter_local('globex')",
    "SELECT tenancy.enter_local('globex', 'a seal that is long enough')",
];

#[tokio::test]
async fn the_end_of_a_local_context_leads_into_no_other_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    for end in
        ["COMMIT", "ROLLBACK", "COMMIT AND CHAIN; COMMIT", "SAVEPOINT a; ROLLBACK TO a; COMMIT"]
    {
        let session = tenants.application.connect().await;
        session.run("BEGIN; SELECT tenancy.enter_local('acme')").await;
        session.run(end).await;
        session.run("ROLLBACK").await;
        for way in WAYS_ON {
            let absent = session.refused(&way.replace("globex", "nosuch")).await;
            session.run("ROLLBACK").await;
            let refused = session.refused(way).await;
            session.run("ROLLBACK").await;
            assert_eq!(refused.code().code(), "42501", "{end}: {way}");
            assert_eq!(refused.message(), absent.message(), "{end}: {way}");
        }
        session.run("BEGIN; SELECT tenancy.enter_local('acme'); COMMIT").await;
    }
}

#[tokio::test]
async fn who_has_the_seal_of_a_local_context_moves_on() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.application.connect().await;
    let key = "the application's own secret";
    let local = |tenant: &str, key: &str| {
        format!("BEGIN; SELECT tenancy.enter_local('{tenant}', seal => $k${key}$k$)")
    };
    session.run(&local("acme", key)).await;
    session.run("COMMIT").await;
    for way in WAYS_ON {
        assert_eq!(session.refused(way).await.code().code(), "28000", "{way}");
        session.run("ROLLBACK").await;
    }
    session.run(&local("globex", key)).await;
    assert_eq!(session.text("SELECT tenancy.current()").await, "globex");
    session.run("COMMIT").await;
    session.run(&format!("SELECT tenancy.enter('acme', $k${key}$k$)")).await;
    session.run(&format!("SELECT tenancy.leave($k${key}$k$)")).await;
}

#[tokio::test]
async fn a_login_with_unsealed_contexts_is_bound_to_none() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let login = &tenants.application;
    database.superuser_sql(&format!(
        "SELECT tenancy.grant_login('{}', '*', sealed => false)",
        login.name()
    ));
    let session = login.connect().await;
    for tenant in ["acme", "globex"] {
        session.run(&format!("BEGIN; SELECT tenancy.enter_local('{tenant}'); COMMIT")).await;
    }
}
