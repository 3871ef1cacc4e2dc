//! Attempts that name nothing of another tenant: what an administrator has put into the tenant's
//! own schema leads there.

use super::{Broken, is_refusal};
use tenancy_tests::database::Database;

/// How an administrator leads `acme` to `globex`, and what runs into it. `{own}` and `{other}`
/// stand for the schemas.
const LEADS: &[(&str, &str, &str)] = &[
    (
        "a view",
        "CREATE VIEW {own}.v AS SELECT * FROM {other}.note; GRANT SELECT ON {own}.v TO PUBLIC",
        "SELECT * FROM v",
    ),
    (
        "a view of a view",
        "CREATE VIEW {own}.v AS SELECT * FROM {other}.note_count; GRANT SELECT ON {own}.v TO PUBLIC;
         CREATE VIEW {own}.vv AS SELECT * FROM {own}.v; GRANT SELECT ON {own}.vv TO PUBLIC",
        "SELECT * FROM vv",
    ),
    (
        "a view that is written",
        "CREATE VIEW {own}.v AS SELECT * FROM {other}.note; GRANT ALL ON {own}.v TO PUBLIC",
        "UPDATE v SET body = 'defaced'",
    ),
    (
        "a view that is copied",
        "CREATE VIEW {own}.v AS SELECT * FROM {other}.note; GRANT SELECT ON {own}.v TO PUBLIC",
        "CREATE TEMP TABLE copied AS SELECT * FROM v",
    ),
    (
        "a definer function",
        "CREATE FUNCTION {own}.d() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
           'BEGIN RETURN (SELECT count(*) FROM {other}.note); END';
         ALTER FUNCTION {own}.d() OWNER TO postgres",
        "SELECT d()",
    ),
    (
        "a definer function that runs text",
        "CREATE FUNCTION {own}.d(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
           'DECLARE r text; BEGIN EXECUTE q INTO r; RETURN r; END';
         ALTER FUNCTION {own}.d(text) OWNER TO postgres",
        "SELECT d('SELECT body FROM {other}.note')",
    ),
    (
        "a function in a worker's reach",
        "CREATE FUNCTION {own}.d() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER PARALLEL SAFE AS
           'BEGIN RETURN (SELECT count(*) FROM {other}.note); END';
         ALTER FUNCTION {own}.d() OWNER TO postgres",
        "SET force_parallel_mode = on; SELECT d()",
    ),
    (
        "a view over a function",
        "CREATE VIEW {own}.v AS SELECT {other}.f(); GRANT SELECT ON {own}.v TO PUBLIC",
        "SELECT * FROM v",
    ),
    (
        "a default",
        "CREATE TABLE {own}.w (i int, t text DEFAULT {other}.f()); GRANT ALL ON {own}.w TO PUBLIC",
        "INSERT INTO w (i) VALUES (1)",
    ),
    (
        "a foreign key",
        "CREATE TABLE {own}.w (i int REFERENCES {other}.note); GRANT ALL ON {own}.w TO PUBLIC",
        "INSERT INTO w VALUES (1)",
    ),
    (
        "a cascade",
        "CREATE TABLE {own}.w (i int PRIMARY KEY); INSERT INTO {own}.w VALUES (1);
         GRANT ALL ON {own}.w TO PUBLIC; ALTER TABLE {other}.note ADD w int REFERENCES {own}.w ON DELETE CASCADE;
         UPDATE {other}.note SET w = 1",
        "DELETE FROM w",
    ),
    (
        "a child",
        "CREATE TABLE {own}.w (id int, body text NOT NULL); GRANT ALL ON {own}.w TO PUBLIC;
         ALTER TABLE {other}.note INHERIT {own}.w",
        "SELECT * FROM w",
    ),
    (
        "a partition",
        "CREATE TABLE {own}.w (i int, t text) PARTITION BY LIST (i); GRANT ALL ON {own}.w TO PUBLIC;
         CREATE TABLE {other}.part PARTITION OF {own}.w DEFAULT",
        "SELECT * FROM w",
    ),
    (
        "a rule",
        "CREATE TABLE {own}.w (i int); GRANT ALL ON {own}.w TO PUBLIC;
         CREATE RULE r AS ON INSERT TO {own}.w DO ALSO DELETE FROM {other}.note",
        "INSERT INTO w VALUES (1)",
    ),
    (
        "a policy",
        "CREATE TABLE {own}.w (i int); INSERT INTO {own}.w VALUES (1); GRANT ALL ON {own}.w TO PUBLIC;
         ALTER TABLE {own}.w ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY p ON {own}.w USING (EXISTS (SELECT FROM {other}.note))",
        "SELECT * FROM w",
    ),
    (
        "a trigger",
        "CREATE TABLE {own}.w (i int); GRANT ALL ON {own}.w TO PUBLIC;
         CREATE FUNCTION {own}.spy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
           'BEGIN DELETE FROM {other}.note; RETURN NULL; END';
         ALTER FUNCTION {own}.spy() OWNER TO postgres;
         CREATE TRIGGER t AFTER INSERT ON {own}.w FOR EACH ROW EXECUTE FUNCTION {own}.spy()",
        "INSERT INTO w VALUES (1)",
    ),
    (
        "a truncation that cascades",
        "CREATE TABLE {own}.w (i int PRIMARY KEY); GRANT ALL ON {own}.w TO PUBLIC;
         ALTER TABLE {other}.note ADD w int REFERENCES {own}.w",
        "TRUNCATE w CASCADE",
    ),
    (
        "a drop that cascades",
        "CREATE TABLE {own}.w (id int, body text NOT NULL); ALTER TABLE {own}.w OWNER TO {own}_owner;
         CREATE VIEW {other}.v AS SELECT * FROM {own}.w",
        "DROP TABLE w CASCADE",
    ),
    (
        "a procedure",
        "CREATE PROCEDURE {own}.p() LANGUAGE plpgsql AS 'BEGIN COMMIT; DELETE FROM {other}.note; END'",
        "CALL p()",
    ),
    (
        "a central table",
        "CREATE SCHEMA central; GRANT USAGE ON SCHEMA central TO PUBLIC; CREATE TABLE central.customer (i int);
         GRANT ALL ON central.customer TO PUBLIC",
        "SELECT * FROM central.customer",
    ),
    (
        "a view of a central table",
        "CREATE SCHEMA central; CREATE TABLE central.customer (i int);
         CREATE VIEW public.v AS SELECT * FROM central.customer; GRANT SELECT ON public.v TO PUBLIC",
        "SELECT * FROM public.v",
    ),
    (
        "a table of the registry",
        "GRANT SELECT ON tenancy.tenant TO PUBLIC",
        "SELECT * FROM tenancy.tenant",
    ),
];

#[tokio::test]
async fn whatever_leads_to_another_tenant_from_its_own_schema_is_refused() {
    for (name, lead, run) in LEADS {
        let database = Database::new();
        let broken = Broken::meet(&database).await;
        let named = |sql: &str| sql.replace("{own}", &broken.own).replace("{other}", &broken.other);
        database.superuser_sql(&named(lead));
        for session in broken.attackers() {
            let Err(error) = session.batch_execute(&named(run)).await else {
                panic!("{name}: was not refused");
            };
            assert!(is_refusal(error.code().unwrap()), "{name}: {error:?}");
        }
        broken.assert_untouched().await;
        database.superuser_sql("DROP SCHEMA IF EXISTS central CASCADE");
    }
}

#[tokio::test]
async fn each_lead_works_where_nobody_guards() {
    for (name, lead, run) in LEADS {
        let database = Database::new();
        let broken = Broken::meet(&database).await;
        let named = |sql: &str| sql.replace("{own}", &broken.own).replace("{other}", &broken.other);
        database.superuser_sql(&named(lead));
        let superuser = database.superuser().await;
        superuser.run(&format!("SET search_path = {}", broken.own)).await;
        if let Err(error) = superuser.batch_execute(&named(run)).await {
            panic!("{name}: {error:?}");
        }
    }
}
