//! Exports and copies while somebody changes the tenant: of one moment, or refused; never short of
//! rows without a word.

use super::archive::{archive, backup, done, tenancy};
use super::interrupted::somebody_waits;
use std::process::Stdio;
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;

/// What leaves a table empty for whoever looks at it as it was before, and a table that was not there.
const MIGRATION: &str = "
    BEGIN; ALTER TABLE note ALTER COLUMN id TYPE bigint;
    CREATE TABLE label (id int); INSERT INTO label VALUES (1)";

async fn migrated(database: &Database<'_>, tenants: &Tenants) -> Session {
    let owner = tenants.enter_as_owner(database, "acme").await;
    owner.run(MIGRATION).await;
    owner
}

#[tokio::test]
async fn an_archive_that_waited_for_a_migration_has_all_that_it_left() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let owner = migrated(&database, &tenants).await;
    let (path, login) = (archive(&database), backup(&database));
    let mut export = tenancy(&login);
    export.args(["export", "acme", "-o"]).arg(&path).stdout(Stdio::null());
    let mut running = export.spawn().unwrap();
    somebody_waits(&database).await;
    owner.run("COMMIT").await;
    assert!(running.wait().unwrap().success());
    let admin = database.login(&["tenancy_admin"]);
    done(tenancy(&admin).arg("import").arg(&path).args(["--as", "twin"]));
    let twin = tenants.enter("twin").await;
    let all = "SELECT string_agg(body, ' ') || (SELECT count(*) FROM label) FROM note";
    assert_eq!(twin.text(all).await, "acme1");
}

#[tokio::test]
async fn a_script_that_waited_for_a_migration_is_refused_and_the_next_one_is_whole() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let owner = migrated(&database, &tenants).await;
    let superuser = database.superuser().await;
    let export = "SELECT string_agg(line, chr(10)) FROM tenancy.export('acme') line";
    let waiting = tokio::spawn(async move {
        let refused = superuser.refused(export).await;
        (refused.code().code().to_owned(), superuser.text(export).await)
    });
    somebody_waits(&database).await;
    owner.run("COMMIT").await;
    let (code, script) = waiting.await.unwrap();
    assert_eq!(code, "40001");
    assert!(script.contains("1\tacme\n\\.") && script.contains("COPY label"), "{script}");
}

#[tokio::test]
async fn a_copy_within_the_database_is_of_one_moment() {
    let database = Database::new();
    let superuser = database.superuser().await;
    superuser
        .run("CREATE TABLE public.gate (id int); INSERT INTO public.gate VALUES (1); GRANT SELECT, UPDATE ON public.gate TO tenancy_tenant")
        .await;
    let tenants = Tenants::create(&database, &["acme"]).await;
    let owner = tenants.enter_as_owner(&database, "acme").await;
    owner
        .run(
            "CREATE FUNCTION passes(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM FROM public.gate FOR SHARE; RETURN true; END $$;
             CREATE DOMAIN slow AS int CHECK (passes(VALUE)); CREATE TABLE first (id slow); CREATE TABLE second (id int);
             INSERT INTO first VALUES (1); INSERT INTO second VALUES (2)",
        )
        .await;
    superuser.run("BEGIN; SELECT FROM public.gate FOR UPDATE").await;
    let admin = database.admin().await;
    let copying =
        tokio::spawn(async move { admin.run("SELECT tenancy.clone('acme', 'copy')").await });
    somebody_waits(&database).await;
    owner.run("BEGIN; DELETE FROM first; INSERT INTO second VALUES (1); COMMIT").await;
    superuser.run("ROLLBACK").await;
    copying.await.unwrap();
    let both = "SELECT (SELECT count(*) FROM first) || ' ' || (SELECT count(*) FROM second)";
    assert_eq!(tenants.enter("copy").await.text(both).await, "1 1");
}
