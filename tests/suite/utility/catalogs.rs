//! Catalogs read without a query, where no plan could be filtered.

use super::tenants;
use tenancy_tests::database::Database;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn a_catalog_is_copied_by_a_query_only() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let member = tenants.enter("acme").await;
    for relation in [
        "pg_class",
        "pg_catalog.pg_namespace",
        "pg_class (relname)",
        "pg_authid",
        "pg_roles",
        "information_schema.tables",
        "information_schema.sql_features",
    ] {
        let error = member.refused(&format!("COPY {relation} TO STDOUT")).await;
        assert_eq!(error.code(), &SqlState::INSUFFICIENT_PRIVILEGE, "{relation}");
        assert!(error.hint().unwrap().contains("COPY (SELECT"), "{relation}: {error}");
    }
    member.copy_out("COPY (SELECT relname FROM pg_class) TO STDOUT").await.unwrap();
    member.copy_out("COPY note TO STDOUT").await.unwrap();
}
