//! As whom a session enters: as a member, who uses the tenant's objects, or as their owner.

use super::whereabouts;
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn entering_as_the_owner_takes_a_migrator_with_a_grant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let enter = "SELECT tenancy.enter('acme', \"as\" => 'owner')";
    let application = tenants.application.connect().await;
    assert_eq!(application.refusal(enter).await, SqlState::INSUFFICIENT_PRIVILEGE);
    super::assert_outside(&application).await;
    let login = database.login(&["tenancy_migrator"]);
    let migrator = login.connect().await;
    assert_eq!(migrator.refusal(enter).await, SqlState::INVALID_CATALOG_NAME);
    tenants.admin.run(&format!("SELECT tenancy.grant_login('{}', 'acme')", login.name())).await;
    migrator.run(enter).await;
    let owner = tenants.column("acme", "owner").await;
    assert_eq!(migrator.text("SELECT current_user").await, owner);
    assert_eq!(migrator.text("SELECT tenancy.current()").await, "acme");
}

#[tokio::test]
async fn what_an_owner_makes_a_member_uses_and_cannot_change() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let owner = tenants.enter_as_owner(&database, "acme").await;
    owner
        .run("CREATE TABLE bill (id serial, amount int); INSERT INTO bill (amount) VALUES (3)")
        .await;
    owner
        .run(
            "CREATE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'SELECT sum(amount) FROM bill'",
        )
        .await;

    let member = tenants.enter("acme").await;
    member.run("INSERT INTO bill (amount) VALUES (4)").await;
    assert_eq!(member.text("SELECT total()").await, "7");
    for attempt in ["ALTER TABLE bill ADD x int", "DROP TABLE bill", "TRUNCATE bill"] {
        let code = member.refusal(attempt).await;
        assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE, "{attempt}");
    }
    let other = tenants.column("globex", "schema").await;
    for attempt in [format!("SELECT * FROM {other}.note"), format!("CREATE TABLE {other}.x ()")] {
        let code = owner.refusal(&attempt).await;
        assert!(["42501", "42P01", "3F000"].contains(&code.code()), "{attempt}: {code:?}");
    }
}

#[tokio::test]
async fn an_owner_is_as_sealed_as_a_member() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let owner = tenants.enter_as_owner(&database, "acme").await;
    let inside = whereabouts(&owner).await;
    for attempt in
        ["RESET ROLE", "RESET ALL", "DISCARD ALL", "BEGIN; ROLLBACK", "SELECT tenancy.leave()"]
    {
        let _ = owner.batch_execute(attempt).await;
        assert_eq!(whereabouts(&owner).await, inside, "{attempt}");
    }
    owner.refused("SELECT tenancy.enter('acme')").await;
}

#[tokio::test]
async fn there_is_no_third_capacity() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    for capacity in ["'superuser'", "''", "'Owner'", "NULL"] {
        let enter = format!("SELECT tenancy.enter('acme', \"as\" => {capacity})");
        assert_eq!(session.refusal(&enter).await, SqlState::INVALID_PARAMETER_VALUE, "{capacity}");
    }
    super::assert_outside(&session).await;
}
