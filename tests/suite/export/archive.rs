//! `tenancy export` and `tenancy import`: an archive holds all of a tenant, and makes it again.

use super::script::with_shop;
use super::{EVERYTHING, contents, psql, structure};
use std::path::PathBuf;
use std::process::{Command, Output};
use tenancy_tests::cluster::{Cluster, target_dir};
use tenancy_tests::database::Database;
use tenancy_tests::login::{Login, unique};
use tenancy_tests::tenant::Tenants;

/// The name of an archive that is not there yet.
pub fn archive(database: &Database<'_>) -> PathBuf {
    database.cluster().owned().with_file_name(format!("{}.tar.zst", unique("archive")))
}

/// The command line, as this login.
pub fn tenancy(login: &Login) -> Command {
    let mut command = Command::new(target_dir().join("debug/tenancy"));
    command.env("TENANCY_ADMIN_DSN", login.dsn());
    command
}

/// What a command that has to succeed prints.
pub fn done(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8_lossy(&stdout).into_owned()
}

/// What a command that has to fail says.
pub fn failed(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    assert!(!status.success(), "{command:?} has succeeded");
    String::from_utf8_lossy(&stderr).into_owned()
}

/// A login that may read all tables, and export.
pub fn backup(database: &Database<'_>) -> Login {
    let login = database.login(&["tenancy_admin", "tenancy_bypass", "pg_read_all_data"]);
    database.superuser_sql(&format!("ALTER ROLE {} BYPASSRLS", login.name()));
    login
}

/// Exports a tenant as the backup login.
pub fn exported(database: &Database<'_>, tenant: &str) -> PathBuf {
    let path = archive(database);
    done(tenancy(&backup(database)).args(["export", tenant, "-j", "3", "-o"]).arg(&path));
    path
}

/// The schema of a tenant.
pub fn schema(database: &Database<'_>, tenant: &str) -> String {
    let query = format!("SELECT schema FROM tenancy.tenants WHERE name = '{tenant}'");
    database.superuser_sql(&query).trim().to_owned()
}

#[tokio::test]
async fn a_tenant_comes_in_beside_the_original_and_in_another_database() {
    let database = with_shop().await;
    let path = exported(&database, "acme");
    let admin = database.login(&["tenancy_admin"]);
    done(tenancy(&admin).arg("import").arg(&path).args(["--as", "twin", "-j", "3"]));
    let other = Database::new();
    let stranger = other.login(&["tenancy_admin"]);
    done(tenancy(&stranger).arg("import").arg(&path));
    for (place, name) in [(&database, "twin"), (&other, "acme")] {
        let schema = schema(place, name);
        assert_eq!(contents(&database, "acme"), contents(place, &schema));
        assert_eq!(structure(&database, "acme"), structure(place, &schema));
        let status = format!("SELECT status FROM tenancy.tenants WHERE name = '{name}'");
        assert_eq!(place.superuser_sql(&status), "active\n");
    }
    let superuser = database.superuser().await;
    let differences = superuser.rows("SELECT * FROM tenancy.differences('twin')").await;
    assert!(differences.is_empty(), "{differences:?}");
    let fingerprints = format!(
        "SELECT tenancy.fingerprint('acme') = tenancy.fingerprint('{}')",
        schema(&database, "twin")
    );
    assert_eq!(superuser.text(&fingerprints).await, "t");
}

#[tokio::test]
async fn every_kind_of_object_that_the_template_here_has_too_comes_in() {
    let database = Database::new();
    psql(&database, EVERYTHING);
    let superuser = database.superuser().await;
    superuser.run("SELECT tenancy.register_template('kinds', schema => 'everything')").await;
    superuser.run("SELECT tenancy.create('acme', 'kinds', schema => 'acme')").await;
    let path = exported(&database, "acme");
    let admin = database.login(&["tenancy_admin"]);
    done(tenancy(&admin).arg("import").arg(&path).args(["--as", "twin"]));
    let differences = superuser.rows("SELECT * FROM tenancy.differences('twin')").await;
    assert!(differences.is_empty(), "{differences:?}");
    assert_eq!(contents(&database, "acme"), contents(&database, &schema(&database, "twin")));
}

#[tokio::test]
async fn what_the_registry_holds_and_large_objects_come_along() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["globex", "acme"]).await;
    let superuser = database.superuser().await;
    superuser.run("INSERT INTO tenancy.plan (name) VALUES ('gold'); UPDATE tenancy.tenant SET plan = 'gold' WHERE name = 'acme'").await;
    superuser.run("INSERT INTO tenancy.setting (tenant_id, key, value) SELECT id, 'locale', '\"de\"' FROM tenancy.tenant WHERE name = 'acme'").await;
    for name in ["globex", "acme"] {
        let member = tenants.enter(name).await;
        member
            .run(&format!(
                "SELECT lo_from_bytea(4711, convert_to('{name}' || repeat('x', 3000000), 'UTF8'))"
            ))
            .await;
        member.run("SELECT lo_put(4711, 5000000, 'end'); SELECT lo_create(4712)").await;
    }
    let path = exported(&database, "acme");
    let admin = database.login(&["tenancy_admin"]);
    done(tenancy(&admin).arg("import").arg(&path).args(["--as", "twin"]));
    let twin = tenants.enter("twin").await;
    let read = "SELECT convert_from(lo_get(4711, 0, 6), 'UTF8') || length(lo_get(4711)) || length(lo_get(4712))";
    assert_eq!(twin.text(read).await, "acmexx50000030");
    twin.run("SELECT lo_put(4711, 0, 'twin')").await;
    assert!(tenants.enter("acme").await.text(read).await.starts_with("acme"));
    assert_eq!(tenants.column("twin", "plan").await, "gold");
    assert_eq!(tenants.column("twin", "template").await, "notes");
    let setting = "SELECT value FROM tenancy.setting JOIN tenancy.tenant t ON t.id = tenant_id WHERE t.name = 'twin'";
    assert_eq!(superuser.text(setting).await, "\"de\"");
    let domains = "SELECT count(*) FROM tenancy.domains WHERE tenant = 'twin'";
    assert_eq!(superuser.text(domains).await, "0");
    let taken =
        failed(tenancy(&admin).arg("import").arg(&path).args(["--as", "third", "--with-domains"]));
    assert!(taken.contains("42710"), "{taken}");
    tenants.admin.run("SELECT tenancy.drop('acme')").await;
    done(tenancy(&admin).arg("import").arg(&path).args(["--as", "third", "--with-domains"]));
    assert_eq!(
        superuser
            .text("SELECT tenant FROM tenancy.domains WHERE hostname = 'acme.example.com'")
            .await,
        "third"
    );
}

#[tokio::test]
async fn an_archive_is_of_one_moment() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let owner = tenants.enter_as_owner(&database, "acme").await;
    owner.run("CREATE TABLE account (id int PRIMARY KEY, amount int); CREATE TABLE entry (amount int)").await;
    owner.run("INSERT INTO account VALUES (1, 0)").await;
    let writing = tokio::spawn(async move {
        for _ in 0..2000 {
            owner.run("BEGIN; UPDATE account SET amount = amount + 1; INSERT INTO entry VALUES (1); COMMIT").await;
        }
    });
    let (path, login) = (archive(&database), backup(&database));
    let export = tokio::task::spawn_blocking(move || {
        done(tenancy(&login).args(["export", "acme", "-j", "3", "-o"]).arg(&path));
        path
    });
    let path = export.await.unwrap();
    let admin = database.login(&["tenancy_admin"]);
    done(tenancy(&admin).arg("import").arg(&path).args(["--as", "twin"]));
    writing.await.unwrap();
    let twin = tenants.enter("twin").await;
    let sums = "SELECT (SELECT amount FROM account) = (SELECT count(*) FROM entry)";
    assert_eq!(twin.text(sums).await, "t");
}

#[tokio::test]
async fn more_large_objects_than_the_server_has_locks_come_in_and_are_copied() {
    let cluster = Cluster::start(&[("max_locks_per_transaction", "10"), ("max_connections", "30")]);
    let database = Database::on(&cluster);
    let tenants = Tenants::create(&database, &["acme"]).await;
    let member = tenants.enter("acme").await;
    member.run("SELECT lo_from_bytea(0, int4send(n)) FROM generate_series(1, 8000) n").await;
    let path = exported(&database, "acme");
    let admin = database.login(&["tenancy_admin"]);
    done(tenancy(&admin).arg("import").arg(&path).args(["--as", "twin"]));
    tenants.admin.run("SELECT tenancy.clone('acme', 'copy')").await;
    let objects = |name: &str| {
        let query = format!(
            "SELECT count(*) FROM pg_largeobject_metadata m JOIN pg_roles r ON r.oid = m.lomowner JOIN tenancy.tenant t ON t.role = r.rolname WHERE t.name = '{name}'"
        );
        database.superuser_sql(&query)
    };
    assert_eq!((objects("twin").as_str(), objects("copy").as_str()), ("8000\n", "8000\n"));
}
