//! Schemas as templates: what is read of them is kept, and read again when they change.

use super::registered;
use tenancy_tests::database::Database;

const COLUMNS: &str = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = 'acme.item'::regclass AND attnum > 0";

#[tokio::test]
async fn a_tenant_is_made_of_what_the_template_is_now() {
    let database = Database::new();
    let superuser = registered(&database, "shop", "CREATE TABLE item (id int)").await;
    for change in [
        "ALTER TABLE shop.item ADD COLUMN name text",
        "COMMENT ON COLUMN shop.item.name IS 'shown'",
        "CREATE INDEX ON shop.item (name)",
        "ALTER TABLE shop.item ADD CHECK (id > 0)",
        "CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "CREATE TYPE shop.mood AS ENUM ('ok')",
        "ALTER TYPE shop.mood ADD VALUE 'fine'",
        "CREATE POLICY p ON shop.item USING (true)",
        "CREATE VIEW shop.v AS SELECT id FROM shop.item",
        "CREATE OR REPLACE VIEW shop.v AS SELECT id + 1 AS id FROM shop.item",
        "ALTER TABLE shop.item DROP COLUMN name",
    ] {
        superuser.run(change).await;
        superuser.run("SELECT tenancy.create('acme', 'shop')").await;
        let differences = superuser.rows("SELECT object FROM tenancy.differences('acme')").await;
        assert!(differences.is_empty(), "{change}: {differences:?}");
        superuser.run("SELECT tenancy.drop('acme')").await;
    }
}

#[tokio::test]
async fn what_differs_from_the_template_is_told_object_by_object() {
    let database = Database::new();
    let objects = "CREATE TABLE item (id int); CREATE VIEW items AS SELECT id FROM item";
    let superuser = registered(&database, "shop", objects).await;
    superuser.run("SELECT tenancy.create('acme', 'shop', schema => 'acme')").await;
    assert_eq!(superuser.text(COLUMNS).await, "id");
    superuser.run("ALTER TABLE acme.item ADD COLUMN x int; CREATE INDEX i ON acme.item (x); DROP VIEW acme.items").await;
    let told = "SELECT string_agg(object || ' ' || difference, ', ' ORDER BY object) FROM tenancy.differences('acme')";
    assert_eq!(superuser.text(told).await, "index i extra, table item changed, view items missing");
}

#[tokio::test]
async fn defaults_and_checks_that_need_the_table_itself_come_after_it() {
    let database = Database::new();
    let objects = "CREATE TABLE item (id int, name text);
        CREATE FUNCTION label(i item) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT i.name $$;
        CREATE FUNCTION next() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT count(*)::int FROM item; END;
        ALTER TABLE item ALTER id SET DEFAULT next(), ADD CONSTRAINT named CHECK (label(item) <> '')";
    let superuser = registered(&database, "shop", objects).await;
    superuser.run("SELECT tenancy.create('acme', 'shop')").await;
    assert!(superuser.rows("SELECT * FROM tenancy.differences('acme')").await.is_empty());
}
