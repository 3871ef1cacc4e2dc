//! `tenancy.export`: psql makes an ordinary schema of its script, without the extension.

use super::{EVERYTHING, contents, psql, structure};
use std::fs::File;
use std::path::{Path, PathBuf};
use tenancy_tests::cluster::checked;
use tenancy_tests::database::Database;
use tenancy_tests::login::unique;
use tenancy_tests::tenant::Tenants;

/// What a shop is made of, with the values that are easily lost.
const SHOP: &str = r#"
    CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
    CREATE TYPE place AS (street text, moods mood[]);
    CREATE TABLE item (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent int REFERENCES item, body text, mark bytea,
        home place, moods mood[], amounts numeric[], twice int GENERATED ALWAYS AS (id * 2) STORED, name public.citext);
    CREATE TABLE event (at date, what text) PARTITION BY RANGE (at);
    CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE event_rest PARTITION OF event DEFAULT;
    CREATE TABLE special (extra text) INHERITS (item);
    CREATE TABLE left_side (id int PRIMARY KEY, other int);
    CREATE TABLE right_side (id int PRIMARY KEY, other int REFERENCES left_side);
    ALTER TABLE left_side ADD FOREIGN KEY (other) REFERENCES right_side DEFERRABLE INITIALLY DEFERRED;
    CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'fired'; END $$;
    INSERT INTO item (parent, body, mark, home, moods, amounts, name) VALUES
        (NULL, E'a\tb\nc\\d\r''\\.', '\x00ff5c0a', ('s "1", (x)', '{sad,"it''s ok"}'), '{sad,NULL}', '{1.50,NULL,NaN}', 'Name'),
        (1, '', '', (NULL, NULL), '{}', NULL, NULL), (1, NULL, NULL, NULL, NULL, NULL, '\N');
    INSERT INTO event VALUES ('2024-05-05', '\.'), ('2030-01-01', NULL);
    INSERT INTO special (id, body, extra) VALUES (100, 'child', 'x');
    BEGIN; INSERT INTO left_side VALUES (1, 1); INSERT INTO right_side VALUES (1, 1); COMMIT;
    CREATE TRIGGER never BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION never();
    ALTER TABLE event ENABLE ROW LEVEL SECURITY;
    ALTER TABLE event FORCE ROW LEVEL SECURITY;
    CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM item;
    CREATE MATERIALIZED VIEW empty AS SELECT 1 AS n WITH NO DATA;
    CREATE VIEW items AS SELECT id, count(*) OVER () AS n, body FROM item GROUP BY id;
"#;

/// Exports as an administrator would, through psql, into a file.
fn export(database: &Database<'_>, call: &str) -> PathBuf {
    let path = database.cluster().owned().with_file_name(unique("export"));
    let file = File::create(&path).unwrap();
    let mut command = database.cluster().command("psql");
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database.name()]);
    let status =
        command.args(["-c", &format!("SELECT tenancy.export({call})")]).stdout(file).status();
    assert!(status.unwrap().success());
    path
}

fn restored(script: &Path, database: &Database<'_>) -> Database<'static> {
    let other = Database::empty_on(tenancy_tests::cluster::Cluster::shared());
    assert_eq!(database.cluster().port(), other.cluster().port());
    psql(&other, script.to_str().unwrap());
    other
}

/// A database with a shop, and the tenant acme that is a copy of it.
pub async fn with_shop() -> Database<'static> {
    let database = Database::new();
    let superuser = database.superuser().await;
    superuser.run("CREATE SCHEMA shop; SET search_path = shop").await;
    superuser.run(SHOP).await;
    superuser.run("RESET search_path").await;
    superuser.run("SELECT tenancy.register_template('shop', schema => 'shop')").await;
    superuser.run("SELECT tenancy.create('acme', 'shop', schema => 'acme')").await;
    database
}

#[tokio::test]
async fn a_tenant_with_every_kind_of_object_is_the_same_where_the_extension_is_not() {
    let database = Database::new();
    psql(&database, EVERYTHING);
    let superuser = database.superuser().await;
    superuser.run("SELECT tenancy.register_template('kinds', schema => 'everything')").await;
    superuser.run("SELECT tenancy.create('acme', 'kinds', schema => 'acme')").await;
    let other = restored(&export(&database, "'acme'"), &database);
    let (here, there) = (structure(&database, "acme"), structure(&other, "acme"));
    for (here, there) in here.iter().zip(&there) {
        assert_eq!(here, there);
    }
    assert_eq!(here.len(), there.len());
    assert_eq!(contents(&database, "acme"), contents(&other, "acme"));
}

#[tokio::test]
async fn values_of_every_kind_come_back_as_they_were() {
    let database = with_shop().await;
    let other = restored(&export(&database, "'acme', schema => 'copy'"), &database);
    assert_eq!(contents(&database, "acme"), contents(&other, "copy"));
    assert_eq!(structure(&database, "acme"), structure(&other, "copy"));
    let queries = "SET search_path = copy, public; SELECT n, body FROM items WHERE id = 2; \
        SELECT n FROM totals; SELECT name = 'NAME' FROM item WHERE id = 1; SELECT (home).moods[1] FROM item WHERE id = 1;";
    assert_eq!(other.superuser_sql(queries), "4|\n4\nt\nsad\n");
    let next = "ALTER TABLE copy.item DISABLE TRIGGER never; INSERT INTO copy.item (body) VALUES ('next') RETURNING id, twice";
    assert_eq!(other.superuser_sql(next), "4|8\n");
}

#[tokio::test]
async fn large_objects_come_back_under_the_ids_that_the_tenant_knows() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    for name in ["globex", "acme"] {
        let session = tenants.enter(name).await;
        session
            .run(&format!(
                "SELECT lo_from_bytea(4711, '{name}'::bytea || repeat('x', 9000)::bytea)"
            ))
            .await;
        session.run("SELECT lo_put(4711, 100000, 'end')").await;
    }
    for name in ["globex", "acme"] {
        let other = restored(&export(&database, &format!("'{name}'")), &database);
        let read = "SELECT convert_from(substr(lo_get(4711), 1, 8), 'UTF8'), length(lo_get(4711)), count(*) FROM pg_largeobject_metadata";
        let first = &format!("{name}xxxx")[..8];
        assert_eq!(other.superuser_sql(read), format!("{first}|100003|1\n"));
    }
}

#[tokio::test]
async fn rows_written_while_an_export_runs_are_not_in_it() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let member = tenants.enter("acme").await;
    member
        .run("INSERT INTO note (body) SELECT repeat('x', 1000) FROM generate_series(1, 3000)")
        .await;
    let reader = database.admin().await;
    reader.run("BEGIN; DECLARE script CURSOR FOR SELECT tenancy.export('acme')").await;
    let first = reader.rows("FETCH 50 FROM script").await.len();
    assert_eq!(first, 50);
    member.run("DELETE FROM note WHERE id > 5; INSERT INTO note (body) VALUES ('late')").await;
    let rest = reader.rows("FETCH ALL FROM script").await;
    let lines: Vec<_> = rest.into_iter().flatten().flatten().collect();
    assert!(lines.iter().any(|line| line.starts_with("3001\t")), "a row has gone");
    assert!(!lines.iter().any(|line| line.contains("late")));
}

#[tokio::test]
async fn an_ordinary_login_restores_a_tenant_and_owns_it() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    drop(tenants);
    let script = export(&database, "'acme'");
    let other = Database::empty_on(database.cluster());
    let login = other.login(&[]);
    other.superuser_sql(&format!("GRANT CREATE ON DATABASE {} TO {}", other.name(), login.name()));
    let mut command = other.cluster().command("psql");
    checked(command.args(["-X", "-q", "-f", script.to_str().unwrap(), "-d", &login.dsn()]));
    let session = login.connect().await;
    assert_eq!(session.text("SELECT notes FROM acme.note_count").await, "1");
    session.run("INSERT INTO acme.note (body) VALUES ('mine')").await;
}

#[tokio::test]
async fn only_administrators_export() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let member = tenants.enter("acme").await;
    assert_eq!(member.refusal("SELECT tenancy.export('acme')").await.code(), "42501");
    let code = tenants.admin.refusal("SELECT tenancy.export('nobody')").await;
    assert_eq!(code.code(), "3D000");
}
