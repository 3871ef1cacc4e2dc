//! Statistics hold samples of values, and those of the catalogs are names of everybody's objects.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

#[tokio::test]
async fn the_statistics_of_the_catalogs_are_hidden_and_the_own_ones_are_not() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let schema = tenants.column("acme", "schema").await;
    database.superuser_sql(&format!("ANALYZE pg_class; ANALYZE pg_proc; ANALYZE {schema}.note"));
    let session = tenants.enter("acme").await;
    let tables = session.rows("SELECT DISTINCT tablename FROM pg_stats").await.concat();
    assert_eq!(tables, [Some("note".into())]);
}
