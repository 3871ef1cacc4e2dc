//! Direct attempts by name: a schema of another tenant cannot be named, whatever is granted.

use super::{Broken, is_refusal};
use tenancy_tests::database::Database;

/// `?` stands for a schema.
const ATTEMPTS: &[&str] = &[
    "SELECT * FROM ?.note",
    "SELECT 1 FROM ?.note_count",
    "INSERT INTO ?.note (body) VALUES ('planted')",
    "UPDATE ?.note SET body = 'defaced'",
    "DELETE FROM ?.note",
    "MERGE INTO ?.note n USING (VALUES (1)) v (i) ON n.id = v.i WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM ?.note RETURNING body) SELECT * FROM gone",
    "TABLE ?.note FOR UPDATE",
    "TRUNCATE ?.note",
    "LOCK TABLE ?.note",
    "COPY ?.note TO STDOUT",
    "COPY (SELECT * FROM ?.note) TO STDOUT",
    "DECLARE c CURSOR FOR SELECT * FROM ?.note",
    "PREPARE p AS SELECT * FROM ?.note",
    "EXPLAIN SELECT * FROM ?.note",
    "DO $$ BEGIN PERFORM * FROM ?.note; END $$",
    "SELECT nextval('?.note_id_seq')",
    "SELECT setval('?.note_id_seq', 1000)",
    "SELECT last_value FROM ?.note_id_seq",
    "SELECT ?.f()",
    "SELECT * FROM ?.f()",
    "CREATE TABLE w AS SELECT * FROM ?.note",
    "CREATE VIEW w AS SELECT * FROM ?.note",
    "CREATE MATERIALIZED VIEW w AS SELECT * FROM ?.note",
    "CREATE TABLE w (LIKE ?.note)",
    "CREATE TABLE w () INHERITS (?.note)",
    "CREATE TABLE w (i int REFERENCES ?.note)",
    "CREATE TABLE w (n ?.note)",
    "CREATE TABLE w (i int DEFAULT nextval('?.note_id_seq'))",
    "CREATE TABLE w (i int, t text DEFAULT ?.f())",
    "CREATE TABLE w (i int) PARTITION BY LIST (i); ALTER TABLE w ATTACH PARTITION ?.note DEFAULT",
    "CREATE TABLE w PARTITION OF ?.note DEFAULT",
    "CREATE TABLE w (i int); CREATE TRIGGER t AFTER INSERT ON w FOR EACH ROW EXECUTE FUNCTION ?.t()",
    "CREATE TABLE w (i int); CREATE RULE r AS ON INSERT TO w DO ALSO DELETE FROM ?.note",
    "CREATE TRIGGER t AFTER INSERT ON ?.note FOR EACH ROW EXECUTE FUNCTION ?.t()",
    "CREATE INDEX ON ?.note (body)",
    "CREATE TABLE ?.planted (i int)",
    "CREATE VIEW ?.planted AS SELECT 1",
    "CREATE FUNCTION ?.planted() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE ?.planted AS ENUM ('a')",
    "CREATE SEQUENCE ?.planted",
    "CREATE OPERATOR ?.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
    "ALTER TABLE ?.note ADD COLUMN planted int",
    "ALTER TABLE ?.note RENAME TO gone",
    "ALTER FUNCTION ?.f() RENAME TO gone",
    "ALTER SCHEMA ? RENAME TO gone",
    "DROP TABLE ?.note CASCADE",
    "DROP FUNCTION ?.f()",
    "DROP SCHEMA ? CASCADE",
    "VACUUM ?.note",
    "ANALYZE ?.note",
    "GRANT SELECT ON ?.note TO PUBLIC",
    "COMMENT ON TABLE ?.note IS 'planted'",
];

/// What the owner of a table could do to carry it over.
const MOVES: &[&str] = &[
    "CREATE TABLE w (i int); ALTER TABLE w SET SCHEMA ?",
    "CREATE FUNCTION w() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION w() SET SCHEMA ?",
    "CREATE TYPE w AS ENUM ('a'); ALTER TYPE w SET SCHEMA ?",
];

#[tokio::test]
async fn whatever_is_granted_another_tenants_schema_cannot_be_named() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    for session in broken.attackers() {
        for attempt in ATTEMPTS {
            let sql = attempt.replace('?', &broken.other);
            // VACUUM runs in no block.
            let block = if attempt.starts_with("VACUUM") { "" } else { "BEGIN;" };
            let code = session.refusal(&format!("{block} {sql}")).await;
            assert!(is_refusal(&code), "{sql}: {code:?}");
            session.run("ROLLBACK").await;
        }
    }
    broken.assert_untouched().await;
}

#[tokio::test]
async fn nothing_is_made_in_or_moved_into_another_tenants_schema() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    for attempt in MOVES {
        let sql = format!("BEGIN; {}", attempt.replace('?', &broken.other));
        let code = broken.owner.refusal(&sql).await;
        assert!(is_refusal(&code), "{sql}: {code:?}");
        broken.owner.run("ROLLBACK").await;
    }
}

#[tokio::test]
async fn a_search_path_finds_nothing_of_another_tenant() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    broken
        .owner
        .run(&format!(
            "CREATE FUNCTION elsewhere() RETURNS bigint LANGUAGE plpgsql SET search_path = {} AS \
         'BEGIN RETURN (SELECT count(*) FROM note); END'",
            broken.other
        ))
        .await;
    assert_eq!(broken.owner.refusal("SELECT elsewhere()").await.code(), "42P01");
}

#[tokio::test]
async fn without_the_wrong_grants_the_same_grants_would_have_worked_outside() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    // The wall is broken indeed: any login reads the victim's rows.
    let stranger = database.session(&[]).await;
    let read = format!("SELECT body FROM {}.note", broken.other);
    assert_eq!(stranger.text(&read).await, "globex");
}

#[tokio::test]
async fn a_tenant_does_to_its_own_what_it_cannot_do_to_others() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    database.superuser_sql(&format!(
        "CREATE FUNCTION {0}.f() RETURNS text LANGUAGE sql AS 'SELECT ''acme''';
         CREATE FUNCTION {0}.t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        broken.own
    ));
    for attempt in ATTEMPTS.iter().chain(MOVES).filter(|attempt| !beyond_the_owner(attempt)) {
        let sql = format!("BEGIN; {}; ROLLBACK", attempt.replace('?', &broken.own));
        broken.owner.run(&sql).await;
    }
    for attempt in &ATTEMPTS[..6] {
        broken.member.run(&format!("BEGIN; {}; ROLLBACK", attempt.replace('?', &broken.own))).await;
    }
}

/// What an owner cannot do to its own schema either, or what this client or table does not fit.
fn beyond_the_owner(attempt: &str) -> bool {
    ["ALTER SCHEMA", "DROP SCHEMA", "COPY", "VACUUM"].iter().any(|kind| attempt.starts_with(kind))
        || attempt.contains("PARTITION")
        || attempt.contains("SET SCHEMA")
}
