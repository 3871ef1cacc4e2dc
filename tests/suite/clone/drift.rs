//! Drift: what differs from the template is found, however it came about, and schemas that nobody has
//! touched are not read again.

use super::registered;
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tokio_postgres::error::SqlState;

const OBJECTS: &str = "CREATE TABLE item (id serial PRIMARY KEY, name text); CREATE INDEX names ON item (name);
    CREATE TYPE mood AS ENUM ('ok'); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    CREATE TRIGGER t BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION f()";

const DRIFT: &str = "SELECT coalesce(string_agg(tenant || ': ' || object || ' ' || difference, ', ' ORDER BY tenant, object), '') FROM tenancy.drift()";

/// What somebody does to tenant beta, what shows, and how it is taken back.
const CHANGES: &[(&str, &str, &str)] = &[
    (
        "ALTER TABLE beta.item ADD COLUMN x int",
        "table item changed",
        "ALTER TABLE beta.item DROP COLUMN x",
    ),
    ("DROP INDEX beta.names", "index names missing", "CREATE INDEX names ON beta.item (name)"),
    (
        "COMMENT ON TRIGGER t ON beta.item IS 'x'",
        "trigger t on table item changed",
        "COMMENT ON TRIGGER t ON beta.item IS NULL",
    ),
    (
        "ALTER TABLE beta.item DISABLE TRIGGER t",
        "trigger t on table item changed",
        "ALTER TABLE beta.item ENABLE TRIGGER t",
    ),
    ("CREATE POLICY p ON beta.item", "policy p on table item extra", "DROP POLICY p ON beta.item"),
    ("COMMENT ON SCHEMA beta IS 'x'", "schema extra", "COMMENT ON SCHEMA beta IS NULL"),
    (
        "CREATE CAST (beta.mood AS text) WITH INOUT",
        "cast from mood to text extra",
        "DROP CAST (beta.mood AS text)",
    ),
    (
        "CREATE CAST (int AS beta.mood) WITH INOUT",
        "cast from integer to mood extra",
        "DROP CAST (int AS beta.mood)",
    ),
    (
        "CREATE PUBLICATION p FOR TABLE beta.item",
        "publication of table item in publication p extra",
        "DROP PUBLICATION p",
    ),
    ("ALTER SCHEMA beta RENAME TO lost", "schema unreadable", "ALTER SCHEMA lost RENAME TO beta"),
    (
        "SET session_replication_role = replica; ALTER TABLE beta.item ADD y int; RESET session_replication_role",
        "table item changed",
        "ALTER TABLE beta.item DROP COLUMN y",
    ),
    (
        "ALTER EVENT TRIGGER tenancy_watch_ddl DISABLE; ALTER TABLE beta.item ADD z int; ALTER EVENT TRIGGER tenancy_watch_ddl ENABLE ALWAYS",
        "table item changed",
        "ALTER TABLE beta.item DROP COLUMN z",
    ),
];

async fn fleet(database: &Database<'_>) -> Session {
    let superuser = registered(database, "shop", OBJECTS).await;
    for name in ["acme", "beta", "gamma"] {
        superuser
            .run(&format!("SELECT tenancy.create('{name}', 'shop', schema => '{name}')"))
            .await;
    }
    superuser
}

#[tokio::test]
async fn tenants_are_known_from_birth_and_after_a_look() {
    let database = Database::new();
    let superuser = fleet(&database).await;
    let known =
        "SELECT count(*) FROM tenancy.shape WHERE fingerprint = tenancy.fingerprint('shop')";
    assert_eq!(superuser.text(known).await, "3");
    assert_eq!(superuser.text("SELECT count(*) FROM tenancy.schema_change").await, "0");
    assert_eq!(superuser.text(DRIFT).await, "");
    superuser.run("DELETE FROM tenancy.shape").await;
    assert_eq!(superuser.text(DRIFT).await, "");
    assert_eq!(superuser.text(known).await, "3");
    // What is remembered is what is believed: nothing is read again without a reason.
    superuser.run("UPDATE tenancy.shape SET fingerprint = 'other' WHERE tenant_id = 2").await;
    assert_eq!(superuser.text(DRIFT).await, "");
    assert_eq!(superuser.text(known).await, "3");
}

#[tokio::test]
async fn a_change_behind_our_back_shows_until_it_is_taken_back() {
    let database = Database::new();
    let superuser = fleet(&database).await;
    for (change, shown, back) in CHANGES {
        superuser.run(change).await;
        for _ in 0..2 {
            assert_eq!(superuser.text(DRIFT).await, format!("beta: {shown}"), "{change}");
        }
        superuser.run(back).await;
        assert_eq!(superuser.text(DRIFT).await, "", "{back}");
    }
}

#[tokio::test]
async fn when_the_template_changes_all_its_tenants_differ() {
    let database = Database::new();
    let superuser = fleet(&database).await;
    superuser
        .run(
            "ALTER TABLE shop.item ADD COLUMN due date; ALTER TABLE gamma.item ADD COLUMN due date",
        )
        .await;
    assert_eq!(superuser.text(DRIFT).await, "acme: table item changed, beta: table item changed");
    let definitions = superuser
        .text("SELECT in_template LIKE '%due%' AND in_tenant NOT LIKE '%due%' FROM tenancy.drift('shop') LIMIT 1")
        .await;
    assert_eq!(definitions, "t");
}

#[tokio::test]
async fn a_change_that_is_committed_after_a_look_shows_at_the_next() {
    let database = Database::new();
    let superuser = fleet(&database).await;
    let other = database.superuser().await;
    // With no mark there, with one of its own, and with one of somebody else's that it shares.
    for earlier in ["", "COMMENT ON TABLE acme.item IS 'x'"] {
        superuser.run(earlier).await;
        other.run("BEGIN; CREATE INDEX late ON acme.item (name)").await;
        superuser.run(DRIFT).await;
        superuser.run(DRIFT).await;
        other.run("COMMIT").await;
        assert!(superuser.text(DRIFT).await.contains("acme: index late extra"), "{earlier}");
        superuser.run("DROP INDEX acme.late; COMMENT ON TABLE acme.item IS NULL").await;
        assert_eq!(superuser.text(DRIFT).await, "");
    }
}

#[tokio::test]
async fn a_transaction_that_does_not_see_all_remembers_nothing() {
    let database = Database::new();
    let superuser = fleet(&database).await;
    let other = database.superuser().await;
    superuser.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await;
    other.run("ALTER TABLE acme.item ADD COLUMN x int").await;
    superuser.run(DRIFT).await;
    superuser.run("COMMIT").await;
    assert_eq!(superuser.text(DRIFT).await, "acme: table item changed");
    superuser.run("ALTER TABLE beta.item ADD COLUMN x int; BEGIN READ ONLY").await;
    assert_eq!(superuser.text(DRIFT).await, "acme: table item changed, beta: table item changed");
    superuser.run("COMMIT").await;
}

#[tokio::test]
async fn ddl_of_one_session_waits_for_no_other_sessions() {
    let database = Database::new();
    let superuser = fleet(&database).await;
    let other = database.superuser().await;
    superuser.run("BEGIN; CREATE TABLE acme.first (i int)").await;
    other.run("SET statement_timeout = '20s'; BEGIN; CREATE TABLE acme.second (i int)").await;
    other.run("COMMIT").await;
    other.run("CREATE TABLE acme.third (i int)").await;
    other.run(DRIFT).await;
    superuser.run("COMMIT").await;
    assert_eq!(superuser.text("SELECT count(*) FROM tenancy.drift()").await, "3");
}

#[tokio::test]
async fn only_tenants_of_schemas_can_be_compared() {
    let database = Database::new();
    let superuser = fleet(&database).await;
    superuser.run("SELECT tenancy.register_template('script', 'CREATE TABLE t (i int)')").await;
    superuser.run("SELECT tenancy.create('scripted', 'script', schema => 'scripted'); DROP TABLE scripted.t").await;
    assert_eq!(superuser.text(DRIFT).await, "");
    let refused = superuser.refusal("SELECT * FROM tenancy.drift('script')").await;
    assert_eq!(refused, SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    let refused = superuser.refusal("SELECT * FROM tenancy.drift('nothing')").await;
    assert_eq!(refused, SqlState::UNDEFINED_OBJECT);
}

#[tokio::test]
async fn a_spare_that_was_changed_is_not_used() {
    let database = Database::new();
    let superuser = registered(&database, "shop", OBJECTS).await;
    let spare = superuser.text("SELECT tenancy.make_spare('shop')").await;
    superuser
        .run(&format!("SET tenancy.spares = 1; ALTER TABLE {spare}.item ADD COLUMN x int"))
        .await;
    superuser.run("SELECT tenancy.create('acme', 'shop')").await;
    assert_ne!(superuser.text("SELECT schema FROM tenancy.tenants").await, spare);
    assert_eq!(superuser.text(DRIFT).await, "");
}
