//! The registry through pg_dump and back: into another database, and into another server.

use std::io::Write;
use std::process::{Command, Stdio};

use tenancy_tests::cluster::{Cluster, checked};
use tenancy_tests::database::Database;
use tenancy_tests::login::Login;
use tenancy_tests::tenant::Tenants;

/// Everything of the registry that a restore has to bring back. The generation is not among it: it
/// says that something changed, and a restore is a change.
const REGISTRY: &str = "
    SELECT id, name, schema, role, owner, status, suspension, reason, plan, template FROM tenancy.tenants ORDER BY id;
    SELECT * FROM tenancy.domains ORDER BY hostname;
    SELECT login, tenant_id, sealed FROM tenancy.login ORDER BY login, tenant_id;
    SELECT name, checksum FROM tenancy.template;
    SELECT * FROM tenancy.setting ORDER BY tenant_id, key;
    SELECT id, actor, action, tenant_id FROM tenancy.audit ORDER BY id;
    SELECT last_value FROM tenancy.tenant_id_seq;";

#[tokio::test]
async fn a_dump_restored_into_another_database_keeps_the_registry_and_the_tenants() {
    let (original, tenants) = tenants_of_all_kinds(Cluster::shared()).await;
    let copy = Database::empty_on(Cluster::shared());
    restore(&dump(&original), &copy);
    assert_same_registry(&original, &copy);
    assert_in_service(&copy, &tenants.application).await;
}

#[tokio::test]
async fn a_dump_restored_on_another_server_keeps_the_registry_and_the_tenants() {
    let (original, tenants) = tenants_of_all_kinds(Cluster::shared()).await;
    let elsewhere = Cluster::start(&[]);
    let roles = checked(original.cluster().command("pg_dumpall").arg("--roles-only"));
    // Roles that every server has are reported as there already; psql goes on.
    feed(elsewhere.command("psql").args(["-X", "-q"]), roles.as_bytes());
    let copy = Database::empty_on(&elsewhere);
    restore(&dump(&original), &copy);
    assert_same_registry(&original, &copy);
    assert_in_service(&copy, &tenants.application).await;
}

#[tokio::test]
async fn what_hides_the_bodies_of_functions_goes_along_with_a_dump() {
    let (original, tenants) = tenants_of_all_kinds(Cluster::shared()).await;
    let schema = tenants.column("acme", "schema").await;
    original.superuser_sql(&format!(
        "CREATE FUNCTION {schema}.f() RETURNS text LANGUAGE sql AS 'SELECT 1'; SELECT tenancy.hide_sources()"
    ));
    let copy = Database::empty_on(Cluster::shared());
    restore(&dump(&original), &copy);
    let session = tenants.application.at(&copy).connect().await;
    assert_eq!(session.refusal("SELECT prosrc FROM pg_proc").await.code(), "42501");
    session.run("SELECT proname FROM pg_proc").await;
    session.run("SELECT tenancy.enter('acme')").await;
    let own = "SELECT prosrc FROM pg_proc WHERE proname = 'f'";
    assert_eq!(session.text(own).await, "SELECT 1");
}

async fn tenants_of_all_kinds(cluster: &Cluster) -> (Database<'_>, Tenants) {
    let database = Database::on(cluster);
    let tenants = Tenants::create(&database, &["acme", "globex", "initech"]).await;
    tenants.admin.run("SELECT tenancy.add_domain('acme', 'shop.example', true)").await;
    tenants.admin.run("SELECT tenancy.suspend('globex', reason => 'unpaid')").await;
    tenants.admin.run("SELECT tenancy.drop('initech')").await;
    tenants.admin.run("SELECT tenancy.create('hooli', settings => '{\"theme\": \"dark\"}')").await;
    (database, tenants)
}

fn dump(database: &Database<'_>) -> Vec<u8> {
    let mut command = database.cluster().command("pg_dump");
    let output = command.args(["--format=custom", database.name()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn restore(dump: &[u8], into: &Database<'_>) {
    let mut command = into.cluster().command("pg_restore");
    let (succeeded, errors) =
        feed(command.args(["--exit-on-error", "--dbname", into.name()]), dump);
    assert!(succeeded, "{errors}");
}

fn feed(command: &mut Command, input: &[u8]) -> (bool, String) {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn assert_same_registry(original: &Database<'_>, copy: &Database<'_>) {
    assert_eq!(copy.superuser_sql(REGISTRY), original.superuser_sql(REGISTRY));
}

async fn assert_in_service(copy: &Database<'_>, application: &Login) {
    let session = application.at(copy).connect().await;
    session.run("SELECT tenancy.enter('acme')").await;
    assert_eq!(session.text("SELECT body FROM note").await, "acme");
    session.run("INSERT INTO note (body) VALUES ('after the restore')").await;
    let admin = copy.admin().await;
    let newest = admin.text("SELECT max(id) FROM tenancy.tenants").await;
    let next = admin.text("SELECT tenancy.create('umbrella', template => 'notes')").await;
    assert!(next.parse::<i64>().unwrap() > newest.parse::<i64>().unwrap());
}
