//! Sessions that stay in a tenant: rights inside definer functions, and what happens once the
//! tenant is not admitted any more.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

const KEY: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn a_definer_function_keeps_its_rights_behind_an_exception_block() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    database.superuser_sql(&format!(
        "CREATE FUNCTION {schema}.twice() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
         DECLARE before name := current_user;
         BEGIN
             BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END;
             RETURN current_user = before AND before <> session_user;
         END $$"
    ));
    let session = tenants.enter("acme").await;
    assert_eq!(session.text("SELECT twice()").await, "t");
}

#[tokio::test]
async fn a_session_in_a_tenant_that_was_never_committed_is_refused_every_time() {
    let database = Database::new();
    let _tenants = Tenants::create(&database, &["acme"]).await;
    let session = database.superuser().await;
    let enter = format!("SELECT tenancy.enter('ghost', seal => '{KEY}')");
    session.run("BEGIN; SELECT tenancy.create('ghost')").await;
    session.run(&enter).await;
    session.run("ROLLBACK").await;
    for _ in 0..3 {
        assert_eq!(session.refusal("SELECT 1").await.code(), "3D000");
    }
    session.run(&format!("SELECT tenancy.leave('{KEY}')")).await;
    session.run("SELECT 1").await;
}

#[tokio::test]
async fn the_key_leads_out_of_a_suspended_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.enter_with("acme", KEY).await;
    tenants.admin.run("SELECT tenancy.suspend('acme')").await;
    assert_eq!(session.refusal("SELECT 1").await.code(), "57P03");
    assert_eq!(session.refusal("SELECT tenancy.leave()").await.code(), "28000");
    session.run(&format!("SELECT tenancy.enter('globex', seal => '{KEY}')")).await;
    assert_eq!(session.text("SELECT body FROM note").await, "globex");
}

#[tokio::test]
async fn what_a_template_sets_does_not_outlast_create() {
    let database = Database::new();
    let admin = database.admin().await;
    admin
        .run(
            "SELECT tenancy.register_template('dump',
                 'SELECT pg_catalog.set_config(''search_path'', '''', false); SET statement_timeout = 12345')",
        )
        .await;
    admin.run("SELECT tenancy.create('acme', 'dump')").await;
    assert_eq!(admin.text("SHOW search_path").await, "\"$user\", public");
    assert_eq!(admin.text("SHOW statement_timeout").await, "0");
}

#[tokio::test]
async fn looking_a_hostname_up_takes_no_transaction_id() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let admin = &tenants.admin;
    admin.run("BEGIN; SELECT * FROM tenancy.resolve('acme.example.com')").await;
    assert_eq!(admin.value("SELECT pg_current_xact_id_if_assigned()").await, None);
}
