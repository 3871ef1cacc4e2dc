//! Moves that are cut off or meet each other: a named state afterwards, and a way on.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

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
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
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

#[tokio::test]
async fn of_two_moves_of_one_tenant_the_second_waits_and_sees_what_the_first_has_done() {
    let database = Database::new();
    for (first, second, code) in [
        ("drop('acme')", "rename('acme', 'apex')", SqlState::INVALID_CATALOG_NAME),
        ("rename('acme', 'apex')", "drop('acme')", SqlState::INVALID_CATALOG_NAME),
        ("rename('apex', 'acme')", "clone('apex', 'copy')", SqlState::INVALID_CATALOG_NAME),
        ("release('acme', 'postgres')", "drop('acme')", SqlState::INVALID_CATALOG_NAME),
        ("adopt('shop', 'one')", "adopt('shop', 'two')", SqlState::DUPLICATE_OBJECT),
    ] {
        let (one, two) = (database.superuser().await, database.superuser().await);
        one.run("CREATE SCHEMA IF NOT EXISTS shop").await;
        let _ = one.batch_execute("SELECT tenancy.create('acme')").await;
        one.run(&format!("BEGIN; SELECT tenancy.{first}")).await;
        let call = format!("SELECT tenancy.{second}");
        let waiting = tokio::spawn(async move { two.refusal(&call).await });
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert!(!waiting.is_finished(), "{second} does not wait for {first}");
        one.run("COMMIT").await;
        assert_eq!(waiting.await.unwrap(), code, "{second} after {first}");
    }
}
