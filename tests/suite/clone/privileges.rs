//! Who runs what while a tenant is made, and who may do what in it.

use super::registered;
use tenancy_tests::database::Database;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn code_of_the_template_runs_as_the_tenants_owner_alone() {
    let database = Database::new();
    let objects = "CREATE TYPE mood AS ENUM ('ok');
        CREATE FUNCTION who(m mood) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
          IF current_setting('test.armed', true) = 'on' THEN
            RAISE WARNING 'armed';
            IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN RAISE 'runs as %', current_user; END IF;
          END IF;
          RETURN 'x'; END $$;
        CREATE CAST (mood AS text) WITH FUNCTION who(mood) AS ASSIGNMENT;
        CREATE DOMAIN checked AS text CHECK (who('ok'::mood) <> VALUE);
        CREATE TABLE item (m mood DEFAULT 'ok', c checked DEFAULT 'd', g text GENERATED ALWAYS AS (who(m)) STORED, CHECK (who(m) <> ''));
        CREATE INDEX ON item (who(m));
        INSERT INTO item (m) VALUES ('ok');
        CREATE MATERIALIZED VIEW counted AS SELECT who(m) AS w FROM item";
    let superuser = registered(&database, "shop", objects).await;
    superuser.run("SET test.armed = on").await;
    superuser.run("SELECT tenancy.create('acme', 'shop', schema => 'acme')").await;
    assert!(superuser.notices().iter().any(|notice| notice.contains("armed")));
    superuser.run("SET test.armed = off").await;
    assert_eq!(superuser.text("SELECT w FROM acme.counted").await, "x");
}

#[tokio::test]
async fn a_tenant_has_what_the_template_grants_to_tenants() {
    let database = Database::new();
    let objects = "CREATE TABLE readable (id int); CREATE TABLE partly (id int, secret text); CREATE TABLE ordinary (id int);
        GRANT SELECT ON readable TO tenancy_tenant; GRANT SELECT (id) ON partly TO tenancy_tenant";
    let superuser = registered(&database, "shop", objects).await;
    superuser.run("SELECT tenancy.create('acme', 'shop')").await;
    let application = database.login(&[]);
    superuser.run(&format!("SELECT tenancy.grant_login('{}', 'acme')", application.name())).await;
    let member = application.connect().await;
    member.run("SELECT tenancy.enter('acme')").await;
    member
        .run("SELECT * FROM readable; SELECT id FROM partly; INSERT INTO ordinary VALUES (1)")
        .await;
    for refused in ["INSERT INTO readable VALUES (1)", "SELECT secret FROM partly"] {
        assert_eq!(member.refusal(refused).await, SqlState::INSUFFICIENT_PRIVILEGE, "{refused}");
    }
}

#[tokio::test]
async fn functions_that_can_do_anything_stay_the_superusers() {
    let database = Database::new();
    let objects = "CREATE FUNCTION open() RETURNS int LANGUAGE internal STRICT AS 'pg_backend_pid';
        CREATE FUNCTION closed() RETURNS int LANGUAGE internal STRICT AS 'pg_backend_pid';
        REVOKE ALL ON FUNCTION closed() FROM PUBLIC";
    let superuser = registered(&database, "shop", objects).await;
    superuser.run("SELECT tenancy.create('acme', 'shop', schema => 'acme')").await;
    let owners = "SELECT string_agg(DISTINCT proowner::regrole::text, ' ') FROM pg_proc WHERE pronamespace = 'acme'::regnamespace";
    assert_eq!(superuser.text(owners).await, "postgres");
    let may = "SELECT string_agg(proname, ' ') FROM pg_proc, tenancy.tenants t WHERE pronamespace = 'acme'::regnamespace AND has_function_privilege(t.role, oid, 'EXECUTE')";
    assert_eq!(superuser.text(may).await, "open");
}

#[tokio::test]
async fn only_the_owner_of_a_schema_makes_a_template_of_it() {
    let database = Database::new();
    database.superuser_sql("CREATE SCHEMA shop; CREATE TABLE shop.secret (id int)");
    let admin = database.login(&["tenancy_admin"]);
    let session = admin.connect().await;
    let register = "SELECT tenancy.register_template('shop', schema => 'shop')";
    assert_eq!(session.refusal(register).await, SqlState::INSUFFICIENT_PRIVILEGE);
    database.superuser_sql(&format!("ALTER SCHEMA shop OWNER TO {}", admin.name()));
    session.run(register).await;
    session.run("SELECT tenancy.create('acme', 'shop')").await;
}
