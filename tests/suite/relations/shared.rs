//! What tenants share: schemas of the setting, and relations granted to all tenants by name.

use super::Broken;
use tenancy_tests::database::Database;

#[tokio::test]
async fn a_central_table_granted_to_all_tenants_is_read_referenced_and_locked() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    database.superuser_sql(
        "CREATE SCHEMA reference; GRANT USAGE ON SCHEMA reference TO tenancy_tenant;
         CREATE TABLE reference.country (code text PRIMARY KEY, secret text);
         INSERT INTO reference.country VALUES ('de');
         GRANT SELECT, REFERENCES ON reference.country TO tenancy_tenant;
         CREATE TABLE reference.big (i int) PARTITION BY LIST (i);
         CREATE TABLE reference.small PARTITION OF reference.big DEFAULT;
         INSERT INTO reference.big VALUES (1); GRANT SELECT ON reference.big TO tenancy_tenant;
         CREATE TABLE reference.half (shown int, hidden int); INSERT INTO reference.half VALUES (1, 2);
         GRANT SELECT (shown) ON reference.half TO tenancy_tenant",
    );
    for session in broken.attackers() {
        assert_eq!(session.text("SELECT code FROM reference.country").await, "de");
        assert_eq!(session.text("SELECT i FROM reference.big").await, "1");
        assert_eq!(session.text("SELECT shown FROM reference.half").await, "1");
    }
    broken.owner.run("CREATE TABLE w (c text REFERENCES reference.country)").await;
    broken.member.run("INSERT INTO w VALUES ('de')").await;
    assert_eq!(broken.member.refusal("INSERT INTO w VALUES ('xx')").await.code(), "23503");
}

#[tokio::test]
async fn a_shared_table_is_written_with_the_privileges_of_all_tenants_alone() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    database.superuser_sql(
        "CREATE SCHEMA reference; GRANT USAGE ON SCHEMA reference TO tenancy_tenant;
         CREATE TABLE reference.event (i int); GRANT SELECT, INSERT ON reference.event TO tenancy_tenant;
         GRANT ALL ON reference.event TO PUBLIC",
    );
    for session in broken.attackers() {
        session.run("INSERT INTO reference.event VALUES (1)").await;
        for sql in [
            "UPDATE reference.event SET i = 2",
            "DELETE FROM reference.event",
            "TRUNCATE reference.event",
        ] {
            assert_eq!(session.refusal(sql).await.code(), "42501", "{sql}");
        }
    }
}

#[tokio::test]
async fn a_grant_to_all_tenants_does_not_open_a_tenants_own_table() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    database.superuser_sql(&format!(
        "GRANT ALL ON {0}.note TO tenancy_tenant; CREATE VIEW {1}.v AS SELECT * FROM {0}.note; GRANT SELECT ON {1}.v TO PUBLIC",
        broken.other, broken.own
    ));
    assert_eq!(broken.member.refusal("SELECT * FROM v").await.code(), "42501");
}

#[tokio::test]
async fn shared_schemas_are_used_and_nothing_is_made_in_them() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    database.superuser_sql(
        "CREATE TABLE public.rate (i int); GRANT SELECT ON public.rate TO PUBLIC; GRANT ALL ON SCHEMA public TO PUBLIC",
    );
    for session in broken.attackers() {
        session.run("SELECT * FROM rate").await;
        for sql in [
            "CREATE TABLE public.planted (i int)",
            "CREATE FUNCTION public.planted() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE OPERATOR public.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
        ] {
            assert_eq!(session.refusal(sql).await.code(), "42501", "{sql}");
        }
    }
}

#[tokio::test]
async fn a_tenant_has_its_temporary_objects_and_only_those() {
    let database = Database::new();
    let broken = Broken::meet(&database).await;
    for session in broken.attackers() {
        session
            .run("CREATE TEMP TABLE w (i serial PRIMARY KEY, t text); INSERT INTO w (t) VALUES ('x'); TRUNCATE w;
                  CREATE TEMP VIEW v AS SELECT * FROM w; SELECT * FROM v; ALTER TABLE w ADD u int; DROP TABLE w CASCADE")
            .await;
        session.run("BEGIN; CREATE TEMP TABLE x (t text) ON COMMIT DROP; COMMIT").await;
    }
    broken.owner.run("CREATE TEMP TABLE secret (t text)").await;
    let temp = broken.owner.text("SELECT pg_my_temp_schema()::regnamespace").await;
    database.superuser_sql(&format!(
        "GRANT ALL ON SCHEMA {temp} TO PUBLIC; GRANT ALL ON {temp}.secret TO PUBLIC"
    ));
    assert_eq!(
        broken.member.refusal(&format!("SELECT * FROM {temp}.secret")).await.code(),
        "42501"
    );
}
