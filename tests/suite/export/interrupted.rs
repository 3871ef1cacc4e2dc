//! What a crash leaves of an export or an import: no file that looks whole, no tenant that anybody
//! enters, and a way on.

use super::archive::{archive, backup, done, exported, schema, tenancy};
use super::contents;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tenancy_tests::cluster::{Cluster, checked};
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;

/// Rows of `slow` and the index on it wait as long as somebody holds the gate.
const GATE: &str = "
    CREATE FUNCTION passes(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM FROM public.gate FOR SHARE; RETURN true; END $$;
    CREATE TABLE quick (id int PRIMARY KEY);
    CREATE TABLE slow (id int CHECK (passes(id)));
    CREATE MATERIALIZED VIEW late AS SELECT passes(1) AS passed;
    INSERT INTO quick SELECT generate_series(1, 5000);
    INSERT INTO slow SELECT generate_series(1, 10)";

pub async fn with_gate(database: &Database<'_>) -> Tenants {
    let superuser = database.superuser().await;
    superuser
        .run("CREATE TABLE public.gate (id int); INSERT INTO public.gate VALUES (1); GRANT SELECT, UPDATE ON public.gate TO tenancy_tenant")
        .await;
    let tenants = Tenants::create(database, &["acme"]).await;
    tenants.enter_as_owner(database, "acme").await.run(GATE).await;
    tenants
}

async fn closed_gate(database: &Database<'_>) -> Session {
    let session = database.superuser().await;
    session.run("BEGIN; SELECT FROM public.gate FOR UPDATE").await;
    session
}

/// Returns once somebody waits for a lock.
pub async fn somebody_waits(database: &Database<'_>) {
    let superuser = database.superuser().await;
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype <> 'virtualxid'";
    for _ in 0..500 {
        if superuser.text(waits).await != "0" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody waits for the lock");
}

pub fn spawn(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

pub fn kill(mut child: Child) {
    checked(Command::new("kill").args(["-9", &child.id().to_string()]));
    child.wait().unwrap();
}

#[tokio::test]
async fn an_import_that_was_killed_among_the_rows_goes_on() {
    let cluster = Cluster::start(&[]);
    let database = Database::on(&cluster);
    let tenants = with_gate(&database).await;
    let path = exported(&database, "acme");
    let admin = database.login(&["tenancy_admin"]);
    let import = || {
        let mut command = tenancy(&admin);
        command.arg("import").arg(&path).args(["--as", "twin"]);
        command
    };
    let gate = closed_gate(&database).await;
    let running = spawn(&mut import());
    somebody_waits(&database).await;
    let second = super::archive::failed(&mut import());
    assert!(second.contains("another process is importing"), "{second}");
    kill(running);
    assert_eq!(tenants.column("twin", "status").await, "registered");
    let session = tenants.application.connect().await;
    assert_eq!(session.refusal("SELECT tenancy.enter('twin')").await.code(), "55000");
    gate.run("ROLLBACK").await;
    done(&mut import());
    assert_eq!(
        contents(&database, &schema(&database, "acme")),
        contents(&database, &schema(&database, "twin"))
    );
    assert_eq!(tenants.column("twin", "status").await, "active");
}

#[tokio::test]
async fn an_import_goes_on_after_the_server_has_crashed() {
    // What was committed is there after a crash.
    let cluster = Cluster::start(&[("synchronous_commit", "on")]);
    let database = Database::on(&cluster);
    let tenants = with_gate(&database).await;
    let path = exported(&database, "acme");
    let admin = database.login(&["tenancy_admin"]);
    // A crash moves sequences on.
    let original = contents(&database, &schema(&database, "acme"));
    let gate = closed_gate(&database).await;
    let mut command = tenancy(&admin);
    command.arg("import").arg(&path).args(["--as", "twin"]);
    let mut running = spawn(&mut command);
    somebody_waits(&database).await;
    cluster.halt();
    assert!(!running.wait().unwrap().success());
    drop((gate, tenants));
    cluster.resume();
    let status = "SELECT status FROM tenancy.tenants WHERE name = 'twin'";
    assert_eq!(database.superuser_sql(status), "registered\n");
    done(&mut command);
    assert_eq!(database.superuser_sql(status), "active\n");
    assert_eq!(original, contents(&database, &schema(&database, "twin")));
}

#[tokio::test]
async fn an_import_that_was_killed_and_given_up_is_dropped() {
    let cluster = Cluster::start(&[]);
    let database = Database::on(&cluster);
    let tenants = with_gate(&database).await;
    let path = exported(&database, "acme");
    let admin = database.login(&["tenancy_admin"]);
    let gate = closed_gate(&database).await;
    let running = spawn(tenancy(&admin).arg("import").arg(&path).args(["--as", "twin"]));
    somebody_waits(&database).await;
    kill(running);
    gate.run("ROLLBACK").await;
    tenants.admin.run("SELECT tenancy.drop('twin')").await;
    done(tenancy(&admin).arg("import").arg(&path).args(["--as", "twin"]));
    assert_eq!(tenants.column("twin", "status").await, "active");
}

#[tokio::test]
async fn an_export_that_was_killed_leaves_no_archive() {
    let cluster = Cluster::start(&[]);
    let database = Database::on(&cluster);
    let _tenants = Tenants::create(&database, &["acme"]).await;
    let path = archive(&database);
    let holder = database.superuser().await;
    holder.run(&format!("BEGIN; LOCK TABLE {}.note", schema(&database, "acme"))).await;
    let login = backup(&database);
    let running = spawn(tenancy(&login).args(["export", "acme", "-o"]).arg(&path));
    somebody_waits(&database).await;
    kill(running);
    assert!(!path.exists());
    holder.run("ROLLBACK").await;
    done(tenancy(&login).args(["export", "acme", "-o"]).arg(&path));
    let again = super::archive::failed(tenancy(&login).args(["export", "acme", "-o"]).arg(&path));
    assert!(again.contains("could not create"), "{again}");
}
