//! Migrations whose text tries to get beyond the tenant's owner role.

use super::{fleet, lacking};
use tenancy_tests::database::Database;

#[tokio::test]
async fn no_text_gets_beyond_the_owner_role() {
    let database = Database::new();
    let tenants = fleet(&database, 2).await;
    let other = tenants.column("t02", "schema").await;
    for (number, script) in [
        "SET ROLE postgres; CREATE TABLE public.evil ()".to_owned(),
        "RESET ROLE; CREATE TABLE public.evil ()".to_owned(),
        "SET SESSION AUTHORIZATION DEFAULT; CREATE TABLE public.evil ()".to_owned(),
        "DO 'BEGIN RESET ROLE; CREATE TABLE public.evil (); END'".to_owned(),
        "DO 'BEGIN COMMIT; END'".to_owned(),
        "SELECT set_config('role', 'postgres', false); CREATE TABLE public.evil ()".to_owned(),
        "CREATE ROLE evil SUPERUSER".to_owned(),
        "ALTER ROLE CURRENT_USER SUPERUSER".to_owned(),
        format!("SELECT * FROM {other}.note"),
        "UPDATE tenancy.tenant SET name = 'evil'".to_owned(),
        "SELECT tenancy.drop('t02')".to_owned(),
        "COPY note TO PROGRAM 'true'".to_owned(),
        "CREATE TEMP TABLE later (id int)".to_owned(),
        "LISTEN everything".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let register =
            format!("SELECT tenancy.register_migration('m{number}', $script${script}$script$)");
        tenants.admin.run(&register).await;
        let code = tenants.admin.refusal("SELECT tenancy.migrate_tenant('t01')").await;
        assert!(["42501", "2D000", "0A000"].contains(&code.code()), "{script}: {code:?}");
        let skip = format!(
            "SELECT tenancy.mark_migrated('m{number}', tenant => t) FROM unnest('{{t01,t02}}'::text[]) t"
        );
        tenants.admin.run(&skip).await;
    }
    assert!(lacking(&tenants).await.is_empty());
    let superuser = database.superuser().await;
    assert!(superuser.rows("SELECT FROM pg_class WHERE relname = 'evil'").await.is_empty());
}

#[tokio::test]
async fn what_a_migration_makes_belongs_to_the_owner_role_and_nothing_it_sets_stays() {
    let database = Database::new();
    let tenants = fleet(&database, 1).await;
    let script = "SET work_mem = 1024; CREATE TABLE made (id int)";
    let register = format!("SELECT tenancy.register_migration('001', '{script}')");
    tenants.admin.run(&register).await;
    let before = tenants.admin.text("SHOW work_mem").await;
    let (schema, owner) =
        (tenants.column("t01", "schema").await, tenants.column("t01", "owner").await);
    tenants.admin.run("SELECT tenancy.migrate_tenant('t01')").await;
    let query = format!(
        "SELECT tableowner FROM pg_tables WHERE schemaname = '{schema}' AND tablename = 'made'"
    );
    assert_eq!(tenants.admin.text(&query).await, owner);
    assert_eq!(tenants.admin.text("SHOW work_mem").await, before);
}
