//! Renaming a tenant: what is open goes on, and the old name leads nowhere for a while.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn sessions_inside_a_renamed_tenant_go_on_and_know_the_new_name() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let inside = tenants.enter("acme").await;
    let in_transaction = tenants.enter("acme").await;
    in_transaction.run("BEGIN; INSERT INTO note (body) VALUES ('before')").await;
    let before = tenants.column("acme", "schema || role || owner || id").await;
    tenants.admin.run("SELECT tenancy.rename('acme', 'apex')").await;
    in_transaction.run("INSERT INTO note (body) VALUES ('after'); COMMIT").await;
    assert_eq!(inside.text("SELECT count(*) FROM note").await, "3");
    assert_eq!(inside.text("SELECT tenancy.current()").await, "apex");
    assert_eq!(inside.text("SHOW tenancy.tenant").await, "acme");
    assert_eq!(tenants.column("apex", "schema || role || owner || id").await, before);
    assert_eq!(tenants.enter("apex").await.text("SHOW tenancy.tenant").await, "apex");
    let resolved = "SELECT tenant FROM tenancy.resolve('acme.example.com')";
    assert_eq!(tenants.admin.text(resolved).await, "apex");
}

#[tokio::test]
async fn nobody_takes_over_the_old_name_while_it_is_kept_free_but_the_tenant_itself() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    tenants.admin.run("SELECT tenancy.rename('acme', 'apex')").await;
    assert_eq!(tenants.column("apex", "former_names").await, "{acme}");
    let newcomer = tenants.application.connect().await;
    let refusal = newcomer.refusal("SELECT tenancy.enter('acme')").await;
    assert_eq!(refusal, SqlState::INVALID_CATALOG_NAME);
    for call in ["create('acme')", "rename('globex', 'acme')", "rename('globex', 'apex')"] {
        let code = tenants.admin.refusal(&format!("SELECT tenancy.{call}")).await;
        assert_eq!(code, SqlState::DUPLICATE_OBJECT, "{call}");
    }
    tenants.admin.run("SELECT tenancy.drop('globex')").await;
    let undrop = "SELECT tenancy.undrop('globex', new_name => 'acme')";
    assert_eq!(tenants.admin.refusal(undrop).await, SqlState::DUPLICATE_OBJECT);
    tenants.admin.run("SELECT tenancy.rename('apex', 'acme')").await;
    assert_eq!(tenants.column("acme", "former_names").await, "{apex}");
    database.superuser_sql("UPDATE tenancy.former_name SET until = now()");
    tenants.admin.run("SELECT tenancy.create('apex')").await;
}

#[tokio::test]
async fn a_bad_or_reserved_new_name_is_refused() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    for name in ["", "Apex", "public", "t_abc", "postgres"] {
        let code = tenants.admin.refusal(&format!("SELECT tenancy.rename('acme', '{name}')")).await;
        assert_eq!(code, SqlState::INVALID_PARAMETER_VALUE, "{name}");
    }
    assert_eq!(
        tenants.admin.refusal("SELECT tenancy.rename('x', 'y')").await,
        SqlState::INVALID_CATALOG_NAME
    );
}

#[tokio::test]
async fn a_name_that_is_given_up_at_this_moment_is_not_taken_over_either() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    tenants.admin.run("BEGIN; SELECT tenancy.rename('acme', 'apex')").await;
    let other = database.admin().await;
    let create = tokio::spawn(async move { other.refusal("SELECT tenancy.create('acme')").await });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    tenants.admin.run("COMMIT").await;
    assert_eq!(create.await.unwrap(), SqlState::DUPLICATE_OBJECT);
}
