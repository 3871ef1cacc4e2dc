//! Archives that somebody made to do harm, or that were damaged: refused, and nothing has changed.

use super::archive::{archive, backup, done, exported, failed, tenancy};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tenancy_sidecar::archive::{Manifest, Reader, Writer, pack};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

/// An archive like another but for what `change` does to its manifest; with right checksums.
fn forged(database: &Database<'_>, original: &Path, change: impl FnOnce(&mut Value)) -> PathBuf {
    let reader = Reader::open(original).unwrap();
    let mut manifest = serde_json::to_value(reader.manifest()).unwrap();
    change(&mut manifest);
    manifest["members"] = json!([]);
    let path = archive(database);
    let mut writer = Writer::create(&path).unwrap();
    let members = &reader.manifest().members;
    for (at, member) in members.iter().enumerate() {
        let bytes = reader.read(member).unwrap();
        let number = members[..at].iter().filter(|before| before.table == member.table).count();
        writer.add(member.table, number, pack(member.table, number, &bytes).unwrap()).unwrap();
    }
    writer.finish(serde_json::from_value::<Manifest>(manifest).unwrap()).unwrap();
    path
}

/// Has a statement run before all others, as the superuser if the importer lets it.
fn with_statement(manifest: &mut Value, at: usize, statement: &str) {
    let structure = &mut manifest["structure"];
    for (list, value) in
        [("flags", json!(3)), ("objects", json!("table x")), ("statements", json!(statement))]
    {
        structure[list].as_array_mut().unwrap().insert(at, value);
    }
    let before = structure["rows_at"].as_i64().unwrap();
    if (at as i64) <= before {
        structure["rows_at"] = json!(before + 1);
    }
}

/// All that an import could leave behind.
async fn state(database: &Database<'_>) -> String {
    let superuser = database.superuser().await;
    superuser
        .text(
            "SELECT (SELECT string_agg(name || status, ',' ORDER BY name) FROM tenancy.tenants) || (SELECT count(*) FROM pg_namespace)
               || (SELECT string_agg(r.rolname || rolsuper, ',' ORDER BY 1) FROM pg_roles r JOIN tenancy.tenant t ON r.rolname IN (t.role, t.owner))
               || (SELECT count(*) FROM tenancy.login) || (SELECT count(*) FROM pg_largeobject_metadata)",
        )
        .await
}

#[tokio::test]
async fn statements_of_an_archive_have_the_rights_of_the_tenants_owner_alone() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let path = exported(&database, "acme");
    let admin = database.login(&["tenancy_admin"]);
    let globex = tenants.column("globex", "schema").await;
    let before = state(&database).await;
    for (statement, state_of_refusal) in [
        ("ALTER ROLE CURRENT_USER SUPERUSER", "42501"),
        ("SET ROLE postgres", "42501"),
        ("RESET SESSION AUTHORIZATION", "42501"),
        ("SET SESSION AUTHORIZATION postgres", "42501"),
        ("COPY (SELECT 1) TO PROGRAM 'id'", "42501"),
        ("COPY (SELECT 1) TO '/tmp/tenancy-hostile'", "42501"),
        ("SELECT pg_read_file('/etc/passwd')", "42501"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'getpid'", "42501"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE internal AS 'pg_backend_pid'", "42501"),
        ("CREATE ROLE intruder LOGIN", "42501"),
        ("DROP SCHEMA tenancy CASCADE", "42501"),
        ("INSERT INTO tenancy.login (login) VALUES ('intruder')", "42501"),
        ("SELECT tenancy.grant_login('intruder', '*')", "42501"),
        ("CREATE TABLE public.planted (id int)", "42501"),
        ("COMMIT", ""),
        ("ROLLBACK", ""),
        ("DO 'BEGIN COMMIT; END'", "2D000"),
        ("CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION f()", "42501"),
        ("CREATE TEMP TABLE x (id int)", "42501"),
        (&format!("SELECT * FROM {globex}.note"), ""),
        (&format!("GRANT SELECT ON {globex}.note TO PUBLIC"), ""),
    ] {
        let hostile = forged(&database, &path, |manifest| with_statement(manifest, 0, statement));
        let error = failed(tenancy(&admin).arg("import").arg(&hostile).args(["--as", "twin"]));
        assert!(error.contains(state_of_refusal), "{statement}: {error}");
        assert_eq!(state(&database).await, before, "{statement}");
    }
}

#[tokio::test]
async fn a_statement_that_fails_after_the_rows_leaves_a_tenant_that_nobody_enters() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let path = exported(&database, "acme");
    let admin = database.login(&["tenancy_admin"]);
    let hostile = forged(&database, &path, |manifest| {
        let end = manifest["structure"]["statements"].as_array().unwrap().len();
        with_statement(manifest, end, "ALTER ROLE CURRENT_USER SUPERUSER");
    });
    let error = failed(tenancy(&admin).arg("import").arg(&hostile).args(["--as", "twin"]));
    assert!(error.contains("42501") && error.contains("While making table x"), "{error}");
    assert_eq!(tenants.column("twin", "status").await, "registered");
    let session = tenants.application.connect().await;
    assert_eq!(session.refusal("SELECT tenancy.enter('twin')").await.code(), "55000");
    assert_eq!(tenants.admin.refusal("SELECT tenancy.activate('twin')").await.code(), "55000");
    let other = failed(tenancy(&admin).arg("import").arg(&path).args(["--as", "twin"]));
    assert!(other.contains("55000"), "{other}");
    tenants.admin.run("SELECT tenancy.drop('twin')").await;
    done(tenancy(&admin).arg("import").arg(&path).args(["--as", "twin"]));
}

#[tokio::test]
async fn rows_go_into_the_new_tenants_tables_alone() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let path = exported(&database, "acme");
    let admin = database.login(&["tenancy_admin"]);
    let globex = tenants.column("globex", "schema").await;
    for name in [
        "pg_authid",
        "tenancy.tenant",
        "x\" FROM STDIN; SELECT 1; --",
        &format!("{globex}\".\"note"),
    ] {
        let hostile =
            forged(&database, &path, |manifest| manifest["tables"][0]["name"] = json!(name));
        failed(tenancy(&admin).arg("import").arg(&hostile).args(["--as", "twin"]));
        assert_eq!(tenants.column("twin", "status").await, "registered", "{name}");
        tenants.admin.run("SELECT tenancy.drop('twin')").await;
    }
    let sequence =
        json!([{"name": format!("{globex}\".\"note_id_seq"), "last_value": 99, "is_called": true}]);
    let hostile = forged(&database, &path, |manifest| manifest["sequences"] = sequence);
    failed(tenancy(&admin).arg("import").arg(&hostile).args(["--as", "twin"]));
    let member = tenants.enter("globex").await;
    assert_eq!(member.text("SELECT count(*) FROM note").await, "1");
    assert_eq!(member.text("INSERT INTO note (body) VALUES ('x') RETURNING id").await, "2");
}

#[tokio::test]
async fn an_archive_that_is_not_whole_or_was_altered_changes_nothing() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let member = tenants.enter("acme").await;
    member.run("INSERT INTO note (body) SELECT md5(n::text) FROM generate_series(1, 2000) n").await;
    let path = exported(&database, "acme");
    let admin = database.login(&["tenancy_admin"]);
    let before = state(&database).await;
    let whole = std::fs::read(&path).unwrap();
    let mut damaged = Vec::new();
    for length in [0, 10, whole.len() / 2, whole.len() - 100, whole.len() - 1] {
        damaged.push(whole[..length].to_vec());
    }
    for at in (0..40).map(|n| n * whole.len() / 40).chain([whole.len() - 1]) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        damaged.push(bytes);
    }
    let longer = [&whole[..], b"x"].concat();
    damaged.extend([longer, [&whole[..], &whole[..]].concat(), b"nothing of ours".repeat(20)]);
    for bytes in damaged {
        let copy = archive(&database);
        std::fs::write(&copy, &bytes).unwrap();
        let error = failed(tenancy(&admin).arg("import").arg(&copy).args(["--as", "twin"]));
        assert!(error.contains("the archive cannot be used"), "{error}");
    }
    assert_eq!(state(&database).await, before);
}

#[tokio::test]
async fn only_administrators_import_and_who_cannot_read_all_rows_exports_none() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let path = exported(&database, "acme");
    let nobody = database.login(&[]);
    assert!(
        failed(tenancy(&nobody).arg("import").arg(&path).args(["--as", "twin"])).contains("42501")
    );
    let target = archive(&database);
    let admin = database.login(&["tenancy_admin"]);
    assert!(failed(tenancy(&admin).args(["export", "acme", "-o"]).arg(&target)).contains("42501"));
    assert!(!target.exists());
    tenants
        .enter_as_owner(&database, "acme")
        .await
        .run("ALTER TABLE note ENABLE ROW LEVEL SECURITY")
        .await;
    let blind = backup(&database);
    database.superuser_sql(&format!("ALTER ROLE {} NOBYPASSRLS", blind.name()));
    assert!(failed(tenancy(&blind).args(["export", "acme", "-o"]).arg(&target)).contains("42501"));
    assert!(!target.exists());
    let unknown = failed(tenancy(&admin).args(["export", "nobody", "-o"]).arg(&target));
    assert!(unknown.contains("3D000"), "{unknown}");
}
