//! Spares: tenants out of the store are like those made on the spot, and never of an old template.

use super::registered;
use std::time::Duration;
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tokio_postgres::error::SqlState;

const OBJECTS: &str = "CREATE TABLE item (id serial PRIMARY KEY, name text);
    INSERT INTO item (name) VALUES ('seed'); CREATE VIEW items AS SELECT count(*) AS n FROM item";

const LEFT: &str = "SELECT count(*) FROM tenancy.spare WHERE NOT stale";

async fn with_one_spare(database: &Database<'_>) -> (Session, String) {
    let superuser = registered(database, "shop", OBJECTS).await;
    let spare = superuser.text("SELECT tenancy.make_spare('shop')").await;
    // Without a worker: one spare is not few of one.
    superuser.run("SET tenancy.spares = 1").await;
    (superuser, spare)
}

#[tokio::test]
async fn a_tenant_out_of_the_store_is_like_one_made_on_the_spot() {
    let database = Database::new();
    let (superuser, spare) = with_one_spare(&database).await;
    superuser.run("SELECT tenancy.create('acme', 'shop')").await;
    assert_eq!(superuser.text("SELECT schema FROM tenancy.tenants").await, spare);
    assert!(superuser.rows("SELECT * FROM tenancy.differences('acme')").await.is_empty());
    let application = database.login(&[]);
    superuser.run(&format!("SELECT tenancy.grant_login('{}', 'acme')", application.name())).await;
    let member = application.connect().await;
    member.run("SELECT tenancy.enter('acme')").await;
    member.run("INSERT INTO item (name) VALUES ('second')").await;
    assert_eq!(
        member.text("SELECT string_agg(id || name, ' ' ORDER BY id) FROM item").await,
        "1seed 2second"
    );
}

#[tokio::test]
async fn a_spare_of_an_old_template_is_not_used() {
    for change in [
        "ALTER TABLE shop.item ADD COLUMN price int",
        "DROP VIEW shop.items",
        "CREATE INDEX ON shop.item (name)",
        "COMMENT ON TABLE shop.item IS 'x'",
        "CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$",
        "ALTER TABLE shop.item ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON shop.item USING (true)",
        "INSERT INTO shop.item (name) VALUES ('x')",
        "UPDATE shop.item SET name = 'other'",
        "SELECT nextval('shop.item_id_seq')",
        "DELETE FROM shop.item",
    ] {
        let database = Database::new();
        let (superuser, spare) = with_one_spare(&database).await;
        superuser.run(change).await;
        superuser.run("SELECT tenancy.create('acme', 'shop', schema => NULL)").await;
        assert_ne!(superuser.text("SELECT schema FROM tenancy.tenants").await, spare, "{change}");
        let schema = superuser.text("SELECT schema FROM tenancy.tenants").await;
        let rows = |schema: &str| {
            format!(
                "SELECT coalesce(string_agg(i::text, ' ' ORDER BY id), '') FROM {schema}.item i"
            )
        };
        assert_eq!(
            superuser.text(&rows("shop")).await,
            superuser.text(&rows(&schema)).await,
            "{change}"
        );
        let differences = superuser.rows("SELECT * FROM tenancy.differences('acme')").await;
        assert!(differences.is_empty(), "{change}: {differences:?}");
    }
}

#[tokio::test]
async fn a_worker_keeps_as_many_as_the_setting_says() {
    let database = Database::new();
    let superuser = registered(&database, "shop", OBJECTS).await;
    superuser.run(&format!("ALTER DATABASE {} SET tenancy.spares = 3", database.name())).await;
    let superuser_again = database.superuser().await;
    superuser_again.run("SELECT tenancy.create('acme', 'shop')").await;
    wait_for(&superuser, LEFT, "3").await;
    superuser_again.run("ALTER TABLE shop.item ADD COLUMN price int").await;
    assert_eq!(superuser.text(LEFT).await, "0");
    superuser_again.run("SELECT tenancy.create('globex', 'shop')").await;
    wait_for(&superuser, LEFT, "3").await;
    wait_for(&superuser, "SELECT count(*) FROM tenancy.spare", "3").await;
    superuser_again.run("SELECT tenancy.create('initech', 'shop')").await;
    let differences = superuser.rows("SELECT * FROM tenancy.differences('initech')").await;
    assert!(differences.is_empty(), "{differences:?}");
}

async fn wait_for(session: &Session, query: &str, answer: &str) {
    for _ in 0..200 {
        if session.text(query).await == answer {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{query} does not become {answer}");
}

#[tokio::test]
async fn two_tenants_never_get_the_same_spare() {
    let database = Database::new();
    let (superuser, spare) = with_one_spare(&database).await;
    let other = database.superuser().await;
    other.run("SET tenancy.spares = 1").await;
    superuser.run("BEGIN; SELECT tenancy.create('acme', 'shop')").await;
    other.run("SELECT tenancy.create('globex', 'shop')").await;
    superuser.run("COMMIT").await;
    let schemas = superuser.rows("SELECT schema FROM tenancy.tenants ORDER BY name").await;
    assert_eq!(schemas[0][0].as_deref(), Some(spare.as_str()));
    assert_ne!(schemas[0], schemas[1]);
}

#[tokio::test]
async fn of_a_script_there_are_no_spares() {
    let database = Database::new();
    let admin = database.admin().await;
    admin.run("SELECT tenancy.register_template('notes', 'CREATE TABLE note (id int)')").await;
    let make = "SELECT tenancy.make_spare('notes')";
    assert_eq!(admin.refusal(make).await, SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
}
