//! Direct attempts at another tenant's objects, as the owner of a tenant and as a member: refused;
//! and the same at the tenant's own, which work for the owner.

use super::{Neighbours, database};

/// `?` stands for a schema; what is made is made in the tenant's own.
const ATTEMPTS: &[&str] = &[
    "SELECT * FROM ?.note",
    "SELECT 1 FROM ?.note_count",
    "SELECT nextval('?.note_id_seq')",
    "INSERT INTO ?.note (body) VALUES ('planted')",
    "UPDATE ?.note SET body = 'defaced'",
    "DELETE FROM ?.note",
    "TRUNCATE ?.note",
    "LOCK TABLE ?.note",
    "COPY ?.note TO STDOUT",
    "CREATE VIEW w AS SELECT * FROM ?.note",
    "CREATE MATERIALIZED VIEW w AS SELECT * FROM ?.note",
    "CREATE TABLE w AS SELECT * FROM ?.note",
    "CREATE TABLE w (LIKE ?.note)",
    "CREATE TABLE w () INHERITS (?.note)",
    "CREATE TABLE w (i int REFERENCES ?.note)",
    "CREATE TABLE w (i int DEFAULT nextval('?.note_id_seq'))",
    "CREATE TABLE w (i int REFERENCES ?.note ON DELETE CASCADE)",
    "CREATE TABLE w (n ?.note)",
    "CREATE TABLE w (i int); CREATE RULE r AS ON INSERT TO w DO INSTEAD UPDATE ?.note SET body = 'x'",
    "CREATE TABLE w (i int); CREATE RULE r AS ON INSERT TO w DO ALSO DELETE FROM ?.note",
    "CREATE FUNCTION w() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
     CREATE TRIGGER t BEFORE INSERT ON ?.note FOR EACH ROW EXECUTE FUNCTION w()",
    "CREATE RULE r AS ON UPDATE TO ?.note DO INSTEAD NOTHING",
    "CREATE INDEX ON ?.note (body)",
    "CREATE POLICY p ON ?.note USING (true)",
    "CREATE STATISTICS ?.s ON id, body FROM ?.note",
    "CREATE TABLE ?.planted (i int)",
    "CREATE FUNCTION ?.planted() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE ?.planted AS ENUM ('a')",
    "ALTER TABLE ?.note ADD COLUMN planted int",
    "ALTER TABLE ?.note DISABLE TRIGGER ALL",
    "ALTER TABLE ?.note RENAME TO gone",
    "ALTER SCHEMA ? RENAME TO gone_elsewhere",
    "COMMENT ON TABLE ?.note IS 'planted'",
    "GRANT SELECT ON ?.note TO PUBLIC",
    "GRANT USAGE ON SCHEMA ? TO PUBLIC",
    "DROP TABLE ?.note CASCADE",
    "DROP SCHEMA ? CASCADE",
];

/// What nobody inside a tenant may do at all. `?` stands for the other tenant's schema.
const NEVER: &[&str] = &[
    "SET ROLE ?",
    "SET ROLE ?_owner",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION ?_owner",
    "ALTER TABLE note OWNER TO ?_owner",
    "ALTER TABLE note SET SCHEMA ?",
    "ALTER TABLE note SET SCHEMA public",
    "ALTER DEFAULT PRIVILEGES FOR ROLE ?_owner GRANT SELECT ON TABLES TO PUBLIC",
    "GRANT ?_owner TO CURRENT_USER",
    "CREATE SCHEMA planted",
    "CREATE TABLE public.planted (i int)",
    "CREATE FUNCTION public.planted() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE tenancy.planted (i int)",
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION tenancy.watch_ddl()",
    "CREATE TABLE w (i int); CREATE TRIGGER t AFTER INSERT ON w EXECUTE FUNCTION tenancy.registry_changed()",
    "CREATE TABLE w (i bigint); CREATE TRIGGER t AFTER INSERT ON w FOR EACH ROW EXECUTE FUNCTION tenancy.touch_tenant()",
    "CREATE EXTENSION hstore",
    "CREATE PUBLICATION p FOR ALL TABLES",
    "COPY note TO PROGRAM 'cat'",
    "COPY note FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT tenancy.create('planted')",
    "SELECT tenancy.suspend('globex')",
    "SELECT tenancy.grant_login(session_user, '*')",
    "SELECT * FROM tenancy.resolve_name('globex')",
    "SELECT rolpassword FROM pg_authid",
    "UPDATE tenancy.tenant SET owner = CURRENT_USER",
    "SET tenancy.shared_schemas = '?'",
];

#[tokio::test]
async fn nothing_of_another_tenant_can_be_read_used_changed_or_built_upon() {
    let database = database();
    let neighbours = Neighbours::meet(&database).await;
    for session in [&neighbours.owner, &neighbours.member] {
        for attempt in ATTEMPTS.iter().chain(NEVER) {
            let sql = format!("BEGIN; {}", attempt.replace('?', &neighbours.other));
            assert_eq!(session.refusal(&sql).await.code(), "42501", "{attempt}");
            session.run("ROLLBACK").await;
        }
    }
    neighbours.assert_untouched().await;
}

#[tokio::test]
async fn the_same_attempts_at_its_own_objects_work_for_the_owner() {
    let database = database();
    let neighbours = Neighbours::meet(&database).await;
    for attempt in ATTEMPTS.iter().filter(|attempt| !beyond_the_owner(attempt)) {
        let sql = format!("BEGIN; {}; ROLLBACK", attempt.replace('?', &neighbours.own));
        neighbours.owner.run(&sql).await;
    }
}

/// What an owner cannot do to its own schema either.
fn beyond_the_owner(attempt: &str) -> bool {
    // A new name takes the right to create schemas in the database; triggers of the system take a
    // superuser; and the rows of a COPY are more than this client reads.
    attempt.starts_with("ALTER SCHEMA")
        || attempt.contains("DISABLE TRIGGER ALL")
        || attempt.starts_with("COPY")
}

#[tokio::test]
async fn a_member_uses_its_tenants_objects() {
    let database = database();
    let neighbours = Neighbours::meet(&database).await;
    for attempt in ATTEMPTS.iter().take(6) {
        let sql = format!("BEGIN; {}; ROLLBACK", attempt.replace('?', &neighbours.own));
        neighbours.member.run(&sql).await;
    }
}
