//! What cannot be copied is refused with its place, and changes nothing.

use super::registered;
use tenancy_tests::database::Database;
use tokio_postgres::error::SqlState;

const REGISTER: &str = "SELECT tenancy.register_template('shop', schema => 'shop')";

#[tokio::test]
async fn text_that_names_the_template_is_refused_with_its_place_or_names_the_tenant() {
    let database = Database::new();
    database.superuser_sql(
        "CREATE SCHEMA shop; CREATE TABLE shop.item (id int);
         CREATE FUNCTION shop.n() RETURNS bigint LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN (SELECT count(*) FROM shop.item);\nEND $$;
         CREATE FUNCTION shop.path() RETURNS text LANGUAGE sql SET search_path = shop AS $$ SELECT current_setting('search_path') $$",
    );
    let superuser = database.superuser().await;
    let refused = superuser.refused(REGISTER).await;
    assert_eq!(refused.code(), &SqlState::FEATURE_NOT_SUPPORTED);
    assert_eq!(refused.message(), "function n() names the schema \"shop\" in its text");
    assert_eq!(refused.detail(), Some("Line 3: RETURN (SELECT count(*) FROM shop.item);"));
    assert!(superuser.rows("SELECT name FROM tenancy.template").await.is_empty());
    superuser
        .run("SELECT tenancy.register_template('shop', schema => 'shop', rebind => true)")
        .await;
    superuser.run("SELECT tenancy.create('acme', 'shop', schema => 'acme')").await;
    superuser.run("INSERT INTO acme.item VALUES (1)").await;
    assert_eq!(superuser.text("SELECT acme.n()").await, "1");
    assert_eq!(superuser.text("SELECT acme.path()").await, "acme");
    assert_eq!(superuser.text("SELECT shop.n()").await, "0");
}

#[tokio::test]
async fn what_a_copy_would_take_for_postgresqls_own_is_refused() {
    let database = Database::new();
    for objects in [
        "CREATE TYPE shop.point AS ENUM ('a')",
        "CREATE FUNCTION shop.length(text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TEXT SEARCH CONFIGURATION shop.english (COPY = pg_catalog.simple)",
        "ALTER EXTENSION citext SET SCHEMA shop",
    ] {
        database.superuser_sql(&format!("CREATE SCHEMA shop; {objects}"));
        let superuser = database.superuser().await;
        assert_eq!(superuser.refusal(REGISTER).await, SqlState::FEATURE_NOT_SUPPORTED, "{objects}");
        superuser.run("ALTER EXTENSION citext SET SCHEMA public; DROP SCHEMA shop CASCADE").await;
    }
}

#[tokio::test]
async fn only_ordinary_schemas_are_templates() {
    let database = Database::new();
    let superuser = registered(&database, "shop", "CREATE TABLE item (id int)").await;
    superuser.run("SELECT tenancy.create('acme', 'shop', schema => 'acme')").await;
    for schema in ["nowhere", "pg_catalog", "information_schema", "tenancy", "acme"] {
        let register = format!("SELECT tenancy.register_template('odd', schema => '{schema}')");
        assert_eq!(superuser.refusal(&register).await, SqlState::INVALID_SCHEMA_NAME, "{schema}");
    }
    for arguments in ["'odd'", "'odd', 'SELECT 1', 'shop'"] {
        let register = format!("SELECT tenancy.register_template({arguments})");
        assert_eq!(superuser.refusal(&register).await, SqlState::INVALID_PARAMETER_VALUE);
    }
}

#[tokio::test]
async fn a_template_that_is_gone_makes_no_tenant() {
    let database = Database::new();
    let superuser = registered(&database, "shop", "CREATE TABLE item (id int)").await;
    superuser.run("DROP SCHEMA shop CASCADE").await;
    let create = "SELECT tenancy.create('acme', 'shop')";
    assert_eq!(superuser.refusal(create).await, SqlState::INVALID_SCHEMA_NAME);
    assert!(superuser.rows("SELECT name FROM tenancy.tenants").await.is_empty());
}

#[tokio::test]
async fn an_error_of_the_template_names_the_object_and_makes_no_tenant() {
    let database = Database::new();
    let objects = "CREATE TABLE item (id int); INSERT INTO item VALUES (1);
        CREATE MATERIALIZED VIEW fails AS SELECT 1 / id AS x FROM item";
    let superuser = registered(&database, "shop", objects).await;
    superuser.run("UPDATE shop.item SET id = 0").await;
    let refused = superuser.refused("SELECT tenancy.create('acme', 'shop')").await;
    assert_eq!(refused.code(), &SqlState::DIVISION_BY_ZERO);
    assert_eq!(refused.detail(), Some("While making materialized view fails."));
    assert!(superuser.rows("SELECT name FROM tenancy.tenants").await.is_empty());
}

#[tokio::test]
async fn an_operator_that_would_stand_in_for_postgresqls_own_is_not_called_by_the_reader() {
    let database = Database::new();
    let superuser = database.superuser().await;
    superuser
        .run(
            "CREATE SCHEMA shop; CREATE TABLE shop.item (id int); CREATE TABLE public.seen (who text);
             CREATE FUNCTION shop.differ(oid, int) RETURNS bool LANGUAGE plpgsql AS
               'BEGIN INSERT INTO public.seen VALUES (current_user); RETURN $1 <> $2::oid; END';
             CREATE OPERATOR shop.<> (leftarg = oid, rightarg = int, function = shop.differ)",
        )
        .await;
    for call in [
        "fingerprint('shop')",
        "register_template('shop', schema => 'shop')",
        "deparse('shop', 'a', 'b', 'c')",
    ] {
        let error = superuser.refused(&format!("SELECT tenancy.{call}")).await;
        assert_eq!(*error.code(), SqlState::INSUFFICIENT_PRIVILEGE, "{call}");
        assert!(error.message().contains("shop.differ("), "{error:?}");
    }
    assert!(superuser.rows("SELECT FROM public.seen").await.is_empty());
}
