//! What the event trigger leaves alone, what it puts back, and that nobody can turn it to account.

use super::{MADE, Needs, assert_settled};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn members_of_an_extension_keep_their_owner() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    database.superuser_sql(&format!("CREATE EXTENSION hstore SCHEMA {schema}"));
    let owners = database.superuser_sql(
        "SELECT DISTINCT proowner::regrole FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
         JOIN pg_extension e ON e.oid = d.refobjid WHERE e.extname = 'hstore'",
    );
    assert_eq!(owners.trim(), "postgres");
    let member = tenants.enter("acme").await;
    assert_eq!(member.text("SELECT ('a=>1'::hstore) -> 'a'").await, "1");
}

#[tokio::test]
async fn what_is_made_outside_of_tenants_keeps_owner_and_grants() {
    let database = Database::new();
    Tenants::create(&database, &["acme"]).await;
    let login = database.login(&[]);
    database.superuser_sql(&format!("CREATE SCHEMA app AUTHORIZATION {}", login.name()));
    let session = login.connect().await;
    session
        .run(
            "CREATE TABLE app.t (i serial); CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
             CREATE TEMP TABLE temporary (i int); CREATE TEMP VIEW v AS SELECT 1",
        )
        .await;
    let sql =
        "SELECT bool_and(relowner::regrole::text = session_user AND relacl IS NULL) FROM pg_class
               WHERE relname IN ('t', 't_i_seq', 'temporary', 'v')";
    assert_eq!(session.text(sql).await, "t");
    let sql = "SELECT proowner::regrole::text = session_user AND proacl IS NULL FROM pg_proc WHERE proname = 'f'";
    assert_eq!(session.text(sql).await, "t");
}

#[tokio::test]
async fn an_object_that_an_administrator_changes_is_put_right_again() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    let superuser = database.superuser().await;
    for change in [
        "CREATE OR REPLACE VIEW ?.note_count AS SELECT count(*) AS notes FROM ?.note",
        "CREATE OR REPLACE FUNCTION ?.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION ?.f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "ALTER TABLE ?.note ADD COLUMN number serial",
        "ALTER TABLE ?.note ADD COLUMN other int GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE ?.note OWNER TO CURRENT_USER",
        "DROP FUNCTION ?.f(); CREATE FUNCTION ?.f() RETURNS int LANGUAGE sql AS 'SELECT 3'",
        "CREATE INDEX named ON ?.note (body); ALTER INDEX ?.named RENAME TO renamed",
    ] {
        let sql = change.replace('?', &schema);
        superuser.run(&sql).await;
        assert_settled(&database, &schema, &sql);
    }
    let member = tenants.enter("acme").await;
    member.run("INSERT INTO note (body) VALUES ('x'); SELECT f(), number, other FROM note").await;
}

#[tokio::test]
async fn an_owner_in_a_context_makes_objects_as_before() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    let owner = tenants.enter_as_owner(&database, "acme").await;
    let member = tenants.enter("acme").await;
    for made in MADE.iter().filter(|made| made.needs != Needs::Superuser) {
        let sql = made.sql.replace('?', &schema);
        owner.run(&sql).await;
        assert_settled(&database, &schema, &sql);
        member.run(made.used_by).await;
    }
}

#[tokio::test]
async fn the_trigger_function_does_nothing_for_those_who_call_it() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let owner = tenants.enter_as_owner(&database, "acme").await;
    for session in [owner, tenants.enter("acme").await, tenants.application.connect().await] {
        for attempt in [
            "SELECT tenancy.watch_ddl()",
            "CALL tenancy.watch_ddl()",
            "DO $$ BEGIN PERFORM tenancy.watch_ddl(); END $$",
            "CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION tenancy.watch_ddl()",
            "ALTER EVENT TRIGGER tenancy_watch_ddl DISABLE",
            "DROP EVENT TRIGGER tenancy_watch_ddl",
            "CREATE TEMP TABLE w (i int); CREATE TRIGGER t AFTER INSERT ON w EXECUTE FUNCTION tenancy.watch_ddl()",
            "SET event_triggers = off",
        ] {
            session.refused(attempt).await;
        }
    }
    let superuser = database.superuser().await;
    let code = superuser.refusal("SELECT tenancy.watch_ddl()").await;
    assert!(code == SqlState::FEATURE_NOT_SUPPORTED || code.code() == "39P03", "{code:?}");
}

#[tokio::test]
async fn names_and_paths_of_a_tenant_do_not_steer_the_trigger() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    let superuser = database.superuser().await;
    // Functions with the names that the trigger's own query uses, first in the path.
    superuser
        .run(
            "CREATE SCHEMA trap;
             CREATE FUNCTION trap.format(text, VARIADIC \"any\") RETURNS text LANGUAGE internal AS 'text_format';
             CREATE FUNCTION trap.current_database() RETURNS name LANGUAGE sql AS $$ SELECT 'trapped'::name $$;
             CREATE TABLE trap.pg_depend (i int); CREATE TABLE trap.pg_shdepend (i int);
             SET search_path = trap, pg_catalog",
        )
        .await;
    superuser.run(&format!("CREATE TABLE {schema}.after (id serial)")).await;
    superuser
        .run(&format!("CREATE FUNCTION {schema}.after() RETURNS int LANGUAGE sql AS 'SELECT 1'"))
        .await;
    assert_settled(&database, &schema, "a superuser with a strange path");
    assert_eq!(superuser.text("SHOW search_path").await, "trap, pg_catalog");
}
