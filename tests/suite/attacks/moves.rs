//! One transaction makes one move, and a move shares its transaction with nothing.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

const KEY: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn leaving_and_entering_in_one_statement_does_not_lose_the_seal() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.enter_with("acme", KEY).await;
    let both = format!("SELECT tenancy.leave('{KEY}'), tenancy.enter('globex')");
    assert_eq!(session.refusal(&both).await.code(), "25001");
    assert_eq!(
        session.refusal("SELECT tenancy.leave('wrongwrongwrongwrong')").await.code(),
        "28000"
    );
    session.run(&format!("SELECT tenancy.leave('{KEY}')")).await;
}

#[tokio::test]
async fn a_leave_whose_statement_fails_ends_between_tenants_and_keeps_the_key() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter_with("acme", KEY).await;
    let fails = format!("SELECT tenancy.leave('{KEY}'), 1 / (random() * 0)::int");
    assert_eq!(session.refusal(&fails).await.code(), "22012");
    assert_eq!(session.refusal("SELECT 1").await.code(), "42501");
    assert_eq!(session.refusal("SELECT tenancy.leave()").await.code(), "28000");
    session.run(&format!("SELECT tenancy.leave('{KEY}')")).await;
    assert_eq!(session.value("SELECT tenancy.current()").await, None);
}

#[tokio::test]
async fn a_role_chosen_for_the_transaction_only_does_not_outlast_the_context() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let login = tenants.application.name();
    database.superuser_sql(&format!("CREATE ROLE {login}_boss; GRANT {login}_boss TO {login}"));
    let session = tenants.application.connect().await;
    session.run(&format!("BEGIN; SET LOCAL ROLE {login}_boss")).await;
    assert_eq!(session.refusal("SELECT tenancy.enter('acme')").await.code(), "25001");
}
