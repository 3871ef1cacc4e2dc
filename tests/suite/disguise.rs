//! Another tenant's schema answers as one that does not exist, whatever is tried on it.

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Request, Wire};

/// What is tried. `{s}` stands for the schema.
const ATTEMPTS: &[&str] = &[
    "SELECT * FROM {s}.note",
    "SELECT * FROM {s}.nothing",
    "SELECT 'ä', * FROM note, {s}.\"Not here\" x WHERE true",
    "SELECT * FROM note JOIN {s}.note n USING (id)",
    "SELECT * FROM (note CROSS JOIN {s}.note)",
    "SELECT * FROM ONLY ({s}.note)",
    "SELECT * FROM {s}.note()",
    "SELECT (SELECT 1 FROM note, {s}.note)",
    "TABLE {s}.note",
    "WITH a AS (SELECT * FROM {s}.note) SELECT * FROM a",
    "INSERT INTO {s}.note (body) VALUES ('x')",
    "INSERT INTO note (body) SELECT body FROM {s}.note",
    "UPDATE {s}.note SET body = 'x'",
    "UPDATE note SET body = n.body FROM {s}.note n",
    "DELETE FROM {s}.note",
    "DELETE FROM note USING {s}.note n",
    "MERGE INTO {s}.note USING note n ON true WHEN MATCHED THEN DO NOTHING",
    "MERGE INTO note USING {s}.note n ON true WHEN MATCHED THEN DO NOTHING",
    "SELECT {s}.f(1)",
    "SELECT concat(1, {s}.f(1))",
    "SELECT 1::{s}.t",
    "SELECT {s}.t '1'",
    "SELECT CAST(NULL AS {s}.note)",
    "SELECT NULL::{s}.note.body%TYPE",
    "SELECT 1 OPERATOR({s}.+) 2",
    "SELECT 'a' COLLATE {s}.c",
    "SELECT nextval('{s}.note_id_seq')",
    "SELECT '{s}.note'::regclass",
    "SELECT ('{s}' || '.note')::regclass",
    "SELECT '{s}.f'::regproc",
    "SELECT '{s}.t'::regtype",
    "COPY {s}.note TO STDOUT",
    "COPY (SELECT * FROM {s}.note) TO STDOUT",
    "LOCK TABLE {s}.note",
    "TRUNCATE {s}.note",
    "ALTER TABLE {s}.note ADD x int",
    "ALTER TABLE note SET SCHEMA {s}",
    "DROP TABLE {s}.note",
    "DROP VIEW {s}.note_count",
    "DROP FUNCTION {s}.f(int)",
    "DROP SEQUENCE {s}.note_id_seq",
    "COMMENT ON TABLE {s}.note IS 'x'",
    "COMMENT ON COLUMN {s}.note.body IS 'x'",
    "CREATE TABLE {s}.x (a int)",
    "CREATE TABLE {s}.x AS SELECT 1",
    "CREATE TABLE IF NOT EXISTS {s}.note AS SELECT 1",
    "CREATE MATERIALIZED VIEW IF NOT EXISTS {s}.note AS SELECT 1",
    "EXPLAIN CREATE TABLE IF NOT EXISTS {s}.note AS SELECT 1",
    "CREATE TEMP TABLE x (LIKE {s}.note)",
    "CREATE TEMP TABLE x (a {s}.note)",
    "CREATE TEMP TABLE x AS SELECT * FROM {s}.note",
    "CREATE TEMP TABLE x () INHERITS ({s}.note)",
    "CREATE TEMP VIEW x AS SELECT * FROM {s}.note",
    "CREATE VIEW {s}.x AS SELECT 1",
    "CREATE FUNCTION {s}.x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION pg_temp.x({s}.note) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION pg_temp.x() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM {s}.note'",
    "CREATE SEQUENCE {s}.x",
    "CREATE INDEX ON {s}.note (id)",
    "CREATE TYPE {s}.x AS ENUM ('a')",
    "CREATE DOMAIN {s}.x AS int",
    "CREATE TRIGGER x AFTER INSERT ON {s}.note EXECUTE FUNCTION f()",
    "CREATE RULE x AS ON INSERT TO {s}.note DO NOTHING",
    "GRANT SELECT ON {s}.note TO current_user",
    "GRANT USAGE ON SCHEMA {s} TO current_user",
    "ANALYZE {s}.note",
    "VACUUM {s}.note",
    "EXPLAIN SELECT * FROM {s}.note",
    "DECLARE c CURSOR FOR SELECT * FROM {s}.note",
    "PREPARE p AS SELECT * FROM {s}.note",
    "PREPARE p({s}.note) AS SELECT 1",
    "CALL {s}.f()",
    "SET search_path = {s}; SELECT * FROM nothing",
];

/// Everything of an error that a client sees, but where in its sources PostgreSQL raised it.
async fn answer(session: &Session, sql: &str) -> String {
    match session.batch_execute(sql).await {
        Ok(()) => "no error".into(),
        Err(error) => {
            let e = error.as_db_error().unwrap_or_else(|| panic!("{sql}: {error}"));
            format!(
                "{} {} at {:?}, {:?} {:?} {:?}",
                e.code().code(),
                e.message(),
                e.position(),
                e.detail(),
                e.hint(),
                e.where_()
            )
        }
    }
}

/// The same attempt made by SQL that catches the error.
fn caught(attempt: &str) -> String {
    format!(
        "DO $do$ DECLARE c text; BEGIN
         BEGIN EXECUTE $x${attempt}$x$; EXCEPTION WHEN OTHERS THEN
         GET STACKED DIAGNOSTICS c = PG_EXCEPTION_CONTEXT;
         RAISE EXCEPTION '% % %', SQLSTATE, SQLERRM, c; END; END $do$"
    )
}

#[tokio::test]
async fn a_hidden_schema_answers_as_an_absent_one() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let hidden = tenants.column("globex", "schema").await;
    let absent = format!("t_{}", hidden[2..].chars().rev().collect::<String>());
    let owner = tenants.enter_as_owner(&database, "acme").await;
    let member = tenants.enter("acme").await;
    let mut different = Vec::new();
    for session in [&member, &owner] {
        for attempt in ATTEMPTS {
            for sql in [(*attempt).to_owned(), caught(attempt)] {
                let one = answer(session, &sql.replace("{s}", &hidden)).await;
                let other = answer(session, &sql.replace("{s}", &absent)).await;
                if one.replace(&hidden, "?") != other.replace(&absent, "?") {
                    different.push(format!("{sql}\n  hidden: {one}\n  absent: {other}"));
                }
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// What asks for no error when the thing is missing.
const IF_EXISTS: &[&str] = &[
    "DROP TABLE IF EXISTS {s}.note",
    "DROP TABLE IF EXISTS {s}.nothing, {s}.note CASCADE",
    "DROP TABLE IF EXISTS {s}.note, nothing",
    "DROP VIEW IF EXISTS {s}.note",
    "DROP SEQUENCE IF EXISTS {s}.note_id_seq",
    "DROP INDEX IF EXISTS {s}.note_pkey",
    "DROP FUNCTION IF EXISTS {s}.f(int)",
    "DROP FUNCTION IF EXISTS {s}.f",
    "DROP TYPE IF EXISTS {s}.t",
    "DROP DOMAIN IF EXISTS {s}.t",
    "DROP COLLATION IF EXISTS {s}.c",
    "DROP OPERATOR IF EXISTS {s}.+ (int, int)",
    "DROP TRIGGER IF EXISTS t ON {s}.note",
    "DROP RULE IF EXISTS r ON {s}.note",
    "DROP POLICY IF EXISTS p ON {s}.note",
    "DROP OPERATOR CLASS IF EXISTS {s}.o USING btree",
    "DROP STATISTICS IF EXISTS {s}.s",
    "ALTER TABLE IF EXISTS {s}.note ADD x int",
    "ALTER TABLE IF EXISTS {s}.note RENAME TO x",
    "ALTER TABLE IF EXISTS {s}.note RENAME body TO x",
    "ALTER SEQUENCE IF EXISTS {s}.note_id_seq RESTART",
    "ALTER VIEW IF EXISTS {s}.note RENAME TO x",
    "ALTER INDEX IF EXISTS {s}.note_pkey RENAME TO x",
];

async fn said(wire: &mut Wire, sql: &str) -> String {
    format!("{:?}", wire.ask(Request::new().query(sql)).await)
}

#[tokio::test]
async fn if_exists_passes_over_a_hidden_schema_as_over_an_absent_one() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let hidden = tenants.column("globex", "schema").await;
    let absent = format!("t_{}", hidden[2..].chars().rev().collect::<String>());
    let mut wire = Wire::connect(&tenants.application).await;
    said(&mut wire, "SELECT tenancy.enter('acme')").await;
    for attempt in IF_EXISTS {
        let one = said(&mut wire, &attempt.replace("{s}", &hidden)).await;
        let other = said(&mut wire, &attempt.replace("{s}", &absent)).await;
        assert!(other.contains("skipping"), "{attempt}: {other}");
        assert_eq!(one.replace(&hidden, "?"), other.replace(&absent, "?"), "{attempt}");
    }
    assert_eq!(tenants.enter("globex").await.text("SELECT count(*) FROM note").await, "1");
}

#[tokio::test]
async fn it_does_so_after_every_kind_of_error_and_end() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let hidden = tenants.column("globex", "schema").await;
    let attempt = format!("SELECT * FROM {hidden}.note");
    for before in [
        vec!["SELECT 1"],
        vec!["SELECT 1/0"],
        vec!["SELEC"],
        vec!["BEGIN", "SELECT 1/0", "SELECT 1", "ROLLBACK"],
        vec!["BEGIN", "SELECT 1/0", "SELECT 1", "COMMIT"],
        vec!["BEGIN", "SAVEPOINT a", "SELECT 1/0", "SELECT 1", "ROLLBACK TO a"],
        vec!["BEGIN", "ROLLBACK"],
        vec!["DO $$ BEGIN PERFORM 1/0; EXCEPTION WHEN OTHERS THEN END $$", "SELECT 1/0"],
        vec!["DECLARE c CURSOR WITH HOLD FOR SELECT 1", "FETCH c", "CLOSE c"],
    ] {
        let session = tenants.enter("acme").await;
        for sql in &before {
            let _ = session.batch_execute(sql).await;
        }
        assert_eq!(session.refusal(&attempt).await.code(), "42P01", "{before:?}");
    }
    let session = tenants.application.connect().await;
    let together = format!("SELECT tenancy.enter('acme'); {attempt}");
    assert_eq!(session.refusal(&together).await.code(), "42P01", "in the message that enters");
}

#[tokio::test]
async fn a_schema_that_a_tenant_knows_is_not_denied_to_exist() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let own = tenants.column("acme", "schema").await;
    let session = tenants.enter("acme").await;
    for schema in [&*own, "public", "pg_catalog"] {
        let code = session.refusal(&format!("CREATE TABLE {schema}.x (a int)")).await;
        assert_eq!(code.code(), "42501", "{schema}");
    }
    let outside = tenants.application.connect().await;
    assert_eq!(outside.refusal(&format!("SELECT * FROM {own}.note")).await.code(), "42501");
}

#[tokio::test]
async fn an_error_shows_nothing_of_the_inside_of_the_server() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let member = tenants.enter("acme").await;
    let refused = member.refused("SELECT to_regclass('a.b.c.d')").await;
    assert_eq!(refused.detail(), None);
}
