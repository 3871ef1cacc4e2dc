//! What a member makes belongs to the tenant's owner role: a routine of its own that ran with its
//! owner's rights would give it those.

use super::tenants;
use tenancy_tests::database::Database;
use tokio_postgres::error::SqlState;

const DEFINERS: [&str; 4] = [
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION f() RETURNS int EXTERNAL SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'",
    "CREATE PROCEDURE p() LANGUAGE sql SECURITY DEFINER AS ''",
    "ALTER FUNCTION plain() SECURITY DEFINER",
];

#[tokio::test]
async fn a_member_makes_no_routine_that_runs_as_the_owner() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let member = tenants.enter("acme").await;
    member
        .run("CREATE FUNCTION plain() RETURNS int SECURITY INVOKER AS 'SELECT 1' LANGUAGE sql")
        .await;
    for sql in DEFINERS {
        let error = member.refused(sql).await;
        assert_eq!(error.code(), &SqlState::INSUFFICIENT_PRIVILEGE, "{sql}");
        assert!(error.message().contains("SECURITY DEFINER"), "{sql}: {error}");
    }
    let owner = tenants.enter_as_owner(&database, "acme").await;
    for sql in DEFINERS {
        owner.run(sql).await;
    }
}

#[tokio::test]
async fn a_members_view_shows_no_more_than_the_member_may_read() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let (schema, role) =
        (tenants.column("acme", "schema").await, tenants.column("acme", "role").await);
    database.superuser_sql(&format!("REVOKE ALL ON {schema}.note FROM {role}"));
    let member = tenants.enter("acme").await;
    member.run("CREATE VIEW mine AS SELECT * FROM note; CREATE VIEW one AS SELECT 1").await;
    member.run("SELECT * FROM one").await;
    assert_eq!(member.refusal("SELECT * FROM mine").await, SqlState::INSUFFICIENT_PRIVILEGE);
    let owner = tenants.enter_as_owner(&database, "acme").await;
    owner.run("CREATE VIEW owners AS SELECT * FROM note").await;
    member.run("SELECT * FROM owners").await;
}
