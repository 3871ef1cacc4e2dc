//! Hostnames of tenants, and logins allowed into them.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

const RESOLVE: &str = "SELECT tenant, status FROM tenancy.resolve";

#[tokio::test]
async fn a_hostname_resolves_in_any_spelling() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    tenants.admin.run("SELECT tenancy.add_domain('acme', 'B\u{fc}cher.Example.')").await;
    for spelling in
        ["acme.example.com", "ACME.Example.COM.", "b\u{fc}cher.example", "xn--bcher-kva.example"]
    {
        let row = tenants.admin.rows(&format!("{RESOLVE}('{spelling}')")).await;
        assert_eq!(row, [[Some("acme".to_owned()), Some("active".to_owned())]], "{spelling}");
    }
    assert!(tenants.admin.rows(&format!("{RESOLVE}('nobody.example.com')")).await.is_empty());
}

#[tokio::test]
async fn what_is_not_a_hostname_or_is_taken_is_refused() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let add = async |host: &str| {
        tenants.admin.refusal(&format!("SELECT tenancy.add_domain('globex', '{host}')")).await
    };
    let too_long = format!("{}.example", "a.".repeat(124));
    for bad in [
        "",
        "a..b",
        "127.0.0.1",
        "[::1]",
        "a/b",
        "u@a.example",
        "a b.example",
        "-a.example",
        &too_long,
    ] {
        assert_eq!(add(bad).await, SqlState::INVALID_PARAMETER_VALUE, "{bad}");
    }
    assert_eq!(add("acme.example.com").await, SqlState::DUPLICATE_OBJECT);
    assert_eq!(add("ACME.EXAMPLE.COM").await, SqlState::DUPLICATE_OBJECT);
}

#[tokio::test]
async fn a_tenant_has_one_primary_hostname_and_it_can_be_moved() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let primary = async || {
        tenants
            .admin
            .text("SELECT string_agg(hostname, ' ') FROM tenancy.domains WHERE is_primary")
            .await
    };
    tenants.admin.run("SELECT tenancy.add_domain('acme', 'shop.example')").await;
    assert_eq!(primary().await, "acme.example.com");
    tenants.admin.run("SELECT tenancy.set_primary_domain('shop.example')").await;
    assert_eq!(primary().await, "shop.example");
    tenants.admin.run("SELECT tenancy.remove_domain('acme.example.com')").await;
    let unknown = tenants.admin.refusal("SELECT tenancy.remove_domain('acme.example.com')").await;
    assert_eq!(unknown, SqlState::INVALID_CATALOG_NAME);
}

#[tokio::test]
async fn every_change_of_a_route_raises_its_generation_and_is_notified() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let listener = database.session(&["tenancy_resolver"]).await;
    listener.run("LISTEN tenancy_registry").await;
    let resolve = "SELECT id, generation FROM tenancy.resolve('acme.example.com')";
    let (id, mut last) = numbers(listener.rows(resolve).await);
    let changes = [
        "add_domain('acme', 'shop.example')",
        "remove_domain('shop.example')",
        "suspend('acme')",
        "resume('acme')",
        "grant_login(session_user, 'acme')",
        "revoke_login(session_user, 'acme')",
        "grant_login(session_user, '*')",
    ];
    let login = database.login(&[]);
    for change in changes {
        let change = change.replace("session_user", &format!("'{}'", login.name()));
        tenants.admin.run(&format!("SELECT tenancy.{change}")).await;
        let (_, generation) = numbers(listener.rows(resolve).await);
        assert!(generation > last, "{change}: {last} -> {generation}");
        last = generation;
    }
    let notified = listener.notifications("tenancy_registry", changes.len()).await;
    assert!(
        notified.contains(&id.to_string()) && notified.contains(&"*".to_owned()),
        "{notified:?}"
    );
}

#[tokio::test]
async fn a_login_enters_only_what_it_was_granted() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let login = database.login(&[]);
    let grant = format!("SELECT tenancy.grant_login('{}', 'acme')", login.name());
    tenants.admin.run(&grant).await;
    let session = login.connect().await;
    assert_eq!(
        session.refusal("SELECT tenancy.enter('globex')").await,
        SqlState::INVALID_CATALOG_NAME
    );
    session.run("SELECT tenancy.enter('acme')").await;

    tenants.admin.run(&grant.replace("grant", "revoke")).await;
    session.refused("SELECT body FROM note").await;
    let again = login.connect().await.refusal("SELECT tenancy.enter('acme')").await;
    assert_eq!(again, SqlState::INVALID_CATALOG_NAME);
}

#[tokio::test]
async fn no_grant_is_given_to_privileged_or_unknown_logins() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let creator = database.login(&[]);
    database.superuser_sql(&format!("ALTER ROLE {} CREATEROLE", creator.name()));
    for privileged in ["postgres", creator.name()] {
        let grant = format!("SELECT tenancy.grant_login('{privileged}', 'acme')");
        let code = tenants.admin.refusal(&grant).await;
        assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE, "{privileged}");
    }
    let unknown =
        tenants.admin.refusal("SELECT tenancy.grant_login('no_such_login', 'acme')").await;
    assert_eq!(unknown, SqlState::UNDEFINED_OBJECT);
}

fn numbers(rows: Vec<Vec<Option<String>>>) -> (i64, i64) {
    let numbers: Vec<i64> =
        rows.concat().into_iter().map(|n| n.unwrap().parse().unwrap()).collect();
    (numbers[0], numbers[1])
}
