//! Moves that are cut off or meet each other: a named state afterwards, and a way on.

use std::time::Duration;

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

#[tokio::test]
async fn a_purge_whose_backend_was_ended_goes_on_where_it_stopped() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let schema = tenants.column("acme", "schema").await;
    tenants.admin.run("SELECT tenancy.drop('acme')").await;
    let superuser = database.superuser().await;
    superuser.run(&format!("BEGIN; LOCK TABLE {schema}.note IN ACCESS SHARE MODE")).await;
    let purging = database.admin().await;
    let pid = purging.text("SELECT pg_backend_pid()").await;
    let purge = tokio::spawn(async move {
        purging.batch_execute("CALL tenancy.purge('acme', force => true)").await
    });
    let waiting = format!("SELECT count(*) FROM pg_locks WHERE pid = {pid} AND NOT granted");
    while superuser.text(&waiting).await == "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    superuser.run(&format!("SELECT pg_terminate_backend({pid})")).await;
    assert!(purge.await.unwrap().is_err());
    superuser.run("COMMIT").await;
    let left = "SELECT status FROM tenancy.dropped_tenants";
    assert_eq!(tenants.admin.text(left).await, "purging");
    assert_eq!(tenants.enter("globex").await.text("SELECT body FROM note").await, "globex");
    tenants.admin.run("CALL tenancy.purge('acme')").await;
    assert!(tenants.admin.rows(left).await.is_empty());
}

/// Two calls on one tenant `?`, what makes it ready for them, and SQLSTATE of the second after the
/// first has committed; empty when it goes through as well.
const PAIRS: &[(&str, &str, &str, &str)] = &[
    ("", "create('?')", "create('?')", "42710"),
    (CREATE, "create('?-new')", "rename('?', '?-new')", "42710"),
    (CREATE, "rename('?', '?-new')", "create('?-new')", "42710"),
    (CREATE, "drop('?')", "drop('?')", "3D000"),
    (CREATE, "drop('?')", "rename('?', '?-new')", "3D000"),
    (CREATE, "drop('?')", "suspend('?')", "3D000"),
    (CREATE, "drop('?')", "migrate_tenant('?')", "3D000"),
    (CREATE, "drop('?')", "add_domain('?', '?.example.com')", "3D000"),
    (CREATE, "rename('?', '?-new')", "drop('?')", "3D000"),
    (CREATE, "rename('?', '?-new')", "rename('?', '?-newer')", "3D000"),
    (CREATE, "rename('?', '?-new')", "migrate_tenant('?')", "3D000"),
    (CREATE, "rename('?', '?-new')", "clone('?', '?-copy')", "3D000"),
    (CREATE, "suspend('?')", "drop('?')", ""),
    (CREATE, "migrate_tenant('?')", "drop('?')", ""),
    (CREATE, "migrate_tenant('?')", "rename('?', '?-new')", ""),
    (CREATE, "migrate_tenant('?')", "migrate_tenant('?')", ""),
    (CREATE, "release('?', 'postgres')", "drop('?')", "3D000"),
    (CREATE, "release('?', 'postgres')", "migrate_tenant('?')", "3D000"),
    (DROP, "purge_start('?', true, NULL)", "undrop('?')", "55000"),
    (DROP, "undrop('?')", "purge_start('?', true, NULL)", "3D000"),
    (DROP, "create('?')", "undrop('?')", "42710"),
    (DROP, "undrop('?')", "create('?')", "42710"),
    (DROP, "create('?-new', domain => '?.example.com')", "undrop('?')", "42710"),
    ("CREATE SCHEMA ?", "adopt('?', '?')", "adopt('?', '?-new')", "42710"),
];
const CREATE: &str =
    "SELECT tenancy.create('?'); SELECT tenancy.register_migration('?', 'CREATE TABLE ? (id int)')";
const DROP: &str =
    "SELECT tenancy.create('?', domain => '?.example.com'); SELECT tenancy.drop('?')";

#[tokio::test]
async fn of_two_moves_of_one_tenant_the_second_waits_and_sees_what_the_first_has_done() {
    let database = Database::new();
    for (number, pair) in PAIRS.iter().enumerate() {
        let called = second_of(&database, pair, &format!("shop{number}"), "COMMIT").await;
        assert_eq!(called, pair.3, "{pair:?}");
    }
}

#[tokio::test]
async fn the_second_goes_through_when_the_first_is_taken_back() {
    let database = Database::new();
    for (number, pair) in PAIRS.iter().enumerate() {
        let called = second_of(&database, pair, &format!("shop{number}"), "ROLLBACK").await;
        assert_eq!(called, "", "{pair:?}");
    }
}

/// SQLSTATE of the second call, which has to wait until the first one has ended; empty for none.
async fn second_of(
    database: &Database<'_>,
    (ready, first, second, _): &(&str, &str, &str, &str),
    tenant: &str,
    end: &str,
) -> String {
    let (one, two) = (database.superuser().await, database.superuser().await);
    one.run(&ready.replace('?', tenant)).await;
    one.run(&format!("BEGIN; SELECT tenancy.{}", first.replace('?', tenant))).await;
    let pid = two.text("SELECT pg_backend_pid()").await;
    let call = format!("SELECT tenancy.{}", second.replace('?', tenant));
    let calling = tokio::spawn(async move { two.simple_query(&call).await.err() });
    let waiting = format!("SELECT count(*) FROM pg_locks WHERE pid = {pid} AND NOT granted");
    while one.text(&waiting).await == "0" {
        assert!(!calling.is_finished(), "{second} does not wait for {first}: {:?}", calling.await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    one.run(end).await;
    let error = calling.await.unwrap();
    error.map_or_else(String::new, |error| error.code().unwrap().code().to_owned())
}

#[tokio::test]
async fn of_two_purges_of_one_tenant_one_removes_it_and_the_other_harms_nothing() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    tenants.admin.run("SELECT tenancy.drop('acme')").await;
    let (one, two) = (database.admin().await, database.admin().await);
    let purge = "CALL tenancy.purge('acme', force => true)";
    let (first, second) = tokio::join!(one.simple_query(purge), two.simple_query(purge));
    assert!(first.is_ok() || second.is_ok(), "{first:?} {second:?}");
    for error in [first.err(), second.err()].into_iter().flatten() {
        assert!(matches!(error.code().unwrap().code(), "55000" | "3D000"), "{error:?}");
    }
    let purged = "SELECT status FROM tenancy.tenant WHERE name = 'acme'";
    assert_eq!(database.superuser_sql(purged), "purged\n");
    assert_eq!(tenants.enter("globex").await.text("SELECT body FROM note").await, "globex");
}
