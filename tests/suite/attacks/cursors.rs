//! A cursor reads with the rights of whoever opened it, so none may come along into a tenant.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

const CENTRAL: &str = "CREATE TABLE central (secret text); INSERT INTO central VALUES ('of all')";

#[tokio::test]
async fn a_cursor_that_was_opened_outside_is_closed_at_the_door() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let login = tenants.application.name();
    database.superuser_sql(&format!("{CENTRAL}; GRANT SELECT ON central TO \"{login}\""));
    for (open, enter) in [
        ("DECLARE c CURSOR WITH HOLD FOR SELECT * FROM central", "SELECT tenancy.enter('acme')"),
        ("BEGIN; DECLARE c CURSOR FOR SELECT * FROM central", "SELECT tenancy.enter('acme')"),
        ("BEGIN; DECLARE c CURSOR FOR SELECT * FROM central", "SELECT tenancy.enter_local('acme')"),
    ] {
        let session = tenants.application.connect().await;
        session.run(open).await;
        session.run(enter).await;
        let code = session.refusal("FETCH c").await;
        assert_eq!(code.code(), "34000", "{open}; {enter}");
    }
}

#[tokio::test]
async fn nobody_enters_from_within_a_loop_over_outside_rows() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    let sql = "DO $$ DECLARE r record; BEGIN
        FOR r IN SELECT 1 LOOP PERFORM tenancy.enter_local('acme'); END LOOP; END $$";
    assert_eq!(session.refusal(sql).await.code(), "24000");
    assert_eq!(session.value("SELECT tenancy.current()").await, None);
}
