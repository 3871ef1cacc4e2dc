//! Grants that are taken back: open sessions hear of it at their next statement.

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

async fn read(session: &Session) -> Result<String, SqlState> {
    match session.query_one("SELECT body FROM note", &[]).await {
        Ok(row) => Ok(row.get(0)),
        Err(error) => Err(error.code().unwrap().clone()),
    }
}

#[tokio::test]
async fn a_login_whose_grant_is_taken_back_is_refused_at_its_next_statement() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let login = database.login(&[]);
    let name = login.name();
    tenants
        .admin
        .run(&format!(
            "SELECT tenancy.grant_login('{name}', 'acme'), tenancy.grant_login('{name}', 'globex')"
        ))
        .await;
    let (acme, globex) = (login.connect().await, login.connect().await);
    acme.run("SELECT tenancy.enter('acme')").await;
    globex.run("BEGIN; SELECT tenancy.enter('globex')").await;
    tenants.admin.run(&format!("SELECT tenancy.revoke_login('{name}', 'acme')")).await;
    assert_eq!(read(&acme).await, Err(SqlState::INVALID_CATALOG_NAME));
    assert_eq!(read(&globex).await, Ok("globex".to_owned()));
    assert_eq!(read(&tenants.enter("acme").await).await, Ok("acme".to_owned()));
    let newcomer = login.connect().await;
    let code = newcomer.refusal("SELECT tenancy.enter('acme')").await;
    assert_eq!(code, SqlState::INVALID_CATALOG_NAME);
    // In the middle of a transaction too.
    tenants.admin.run(&format!("SELECT tenancy.revoke_login('{name}', 'globex')")).await;
    assert_eq!(read(&globex).await, Err(SqlState::INVALID_CATALOG_NAME));

    tenants.admin.run(&format!("SELECT tenancy.grant_login('{name}', 'acme')")).await;
    assert_eq!(read(&acme).await, Ok("acme".to_owned()));
}

#[tokio::test]
async fn a_grant_for_every_tenant_is_taken_back_everywhere_but_where_there_is_another() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let login = tenants.application.name();
    let (acme, globex) = (tenants.enter("acme").await, tenants.enter("globex").await);
    tenants
        .admin
        .run(&format!(
            "SELECT tenancy.grant_login('{login}', 'acme'); SELECT tenancy.revoke_login('{login}', '*')"
        ))
        .await;
    assert_eq!(read(&acme).await, Ok("acme".to_owned()));
    assert_eq!(read(&globex).await, Err(SqlState::INVALID_CATALOG_NAME));
}

#[tokio::test]
async fn a_revocation_that_is_rolled_back_is_none() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    let revoke =
        format!("BEGIN; SELECT tenancy.revoke_login('{}', '*')", tenants.application.name());
    tenants.admin.run(&revoke).await;
    assert_eq!(read(&session).await, Ok("acme".to_owned()));
    tenants.admin.run("ROLLBACK").await;
    assert_eq!(read(&session).await, Ok("acme".to_owned()));
    tenants.enter("acme").await;
}

#[tokio::test]
async fn a_revocation_is_seen_when_it_commits_and_not_before() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    let revoke =
        format!("BEGIN; SELECT tenancy.revoke_login('{}', '*')", tenants.application.name());
    tenants.admin.run(&revoke).await;
    // Looked at and remembered meanwhile: the memory must not outlive the commit.
    for _ in 0..3 {
        assert_eq!(read(&session).await, Ok("acme".to_owned()));
        tenants.enter("acme").await;
    }
    tenants.admin.run("COMMIT").await;
    assert_eq!(read(&session).await, Err(SqlState::INVALID_CATALOG_NAME));
}
