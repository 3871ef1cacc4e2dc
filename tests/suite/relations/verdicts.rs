//! What the guard remembers is forgotten when it does not hold any more.

use super::{Broken, is_refusal};
use tenancy_tests::database::Database;

#[tokio::test]
async fn a_verdict_lasts_no_longer_than_the_grant() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    database.superuser_sql(
        "CREATE SCHEMA reference; GRANT USAGE ON SCHEMA reference TO PUBLIC; CREATE TABLE reference.t (i int);
         GRANT SELECT ON reference.t TO PUBLIC, tenancy_tenant",
    );
    broken.member.run("PREPARE p AS SELECT * FROM reference.t; EXECUTE p").await;
    database.superuser_sql("REVOKE SELECT ON reference.t FROM tenancy_tenant");
    assert_eq!(broken.member.refusal("EXECUTE p").await.code(), "42501");
    database.superuser_sql("GRANT SELECT ON reference.t TO tenancy_tenant");
    broken.member.run("EXECUTE p").await;
}

#[tokio::test]
async fn a_verdict_does_not_outlast_the_tenant_or_the_place_of_a_relation() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    let session = broken.tenants.application.connect().await;
    let key = session.text("SELECT tenancy.enter('globex')").await;
    session.run(&format!("SELECT * FROM {}.note", broken.other)).await;
    session.run(&format!("SELECT tenancy.enter('acme', seal => '{key}')")).await;
    let read = format!("SELECT * FROM {}.note", broken.other);
    assert!(is_refusal(&session.refusal(&read).await));
    // A table that wanders to the other tenant.
    broken.owner.run("CREATE TABLE w (i int)").await;
    broken.owner.run("CREATE VIEW v AS SELECT * FROM w; SELECT * FROM v").await;
    database.superuser_sql(&format!("ALTER TABLE {}.w SET SCHEMA {}", broken.own, broken.other));
    assert_eq!(broken.owner.refusal("SELECT * FROM v").await.code(), "42501");
}

#[tokio::test]
async fn a_schema_that_is_shared_no_more_is_closed_at_once() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    database.superuser_sql(
        "CREATE SCHEMA extra; GRANT USAGE ON SCHEMA extra TO PUBLIC; CREATE TABLE extra.t (i int);
         GRANT SELECT ON extra.t TO PUBLIC",
    );
    assert_eq!(broken.member.refusal("SELECT * FROM extra.t").await.code(), "42501");
    database.superuser_sql(&format!(
        "ALTER DATABASE {} SET tenancy.shared_schemas = 'public, extra'",
        database.name()
    ));
    broken.tenants.enter("acme").await.run("SELECT * FROM extra.t; SELECT * FROM t").await;
}

#[tokio::test]
async fn a_refusal_tells_the_way_out_and_no_name() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    database.superuser_sql(&format!(
        "CREATE VIEW {0}.v AS SELECT * FROM {1}.note; GRANT SELECT ON {0}.v TO PUBLIC",
        broken.own, broken.other
    ));
    let error = broken.member.refused("SELECT * FROM v").await;
    assert!(error.hint().unwrap().contains("tenancy_tenant"));
    let told = format!("{error:?}");
    assert!(!told.contains(&broken.other) && !told.contains("globex"), "{told}");
}
