//! What pg_stat_activity shows of a session to the other sessions of its login, and to itself.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

const KEY: &str = "a key that shows up in the text";

#[tokio::test]
async fn the_last_statement_of_a_tenant_is_gone_with_the_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let other = tenants.application.connect().await;
    let session = tenants.application.connect().await;
    let pid = session.text("SELECT pg_backend_pid()").await;
    session.run(&format!("SELECT tenancy.enter('acme', '{KEY}')")).await;
    for end in [format!("enter('globex', '{KEY}')"), format!("leave('{KEY}')")] {
        session.run("SELECT count(*) FROM note WHERE body = 'a secret of the tenant'").await;
        session.run(&format!("SELECT tenancy.{end}")).await;
        let shown = format!("SELECT query FROM pg_stat_activity WHERE pid = {pid}");
        let text = other.text(&shown).await;
        assert!(!text.contains("secret") && !text.contains(KEY), "{end}: {text}");
    }
}

#[tokio::test]
async fn a_key_in_the_message_that_entered_is_shown_to_nobody() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    for call in [
        format!("SELECT tenancy.enter('acme', '{KEY}')"),
        format!("BEGIN; SELECT tenancy.enter_local('acme', '{KEY}')"),
    ] {
        let session = tenants.application.connect().await;
        let sql = format!(
            "{call}; CREATE TEMP TABLE seen AS
             SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        );
        session.run(&sql).await;
        let text = session.text("SELECT query FROM seen").await;
        assert!(!text.contains(KEY), "{call}: {text}");
    }
}

#[tokio::test]
async fn the_login_of_a_session_does_not_see_what_runs_inside_a_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let other = tenants.application.connect().await;
    let session = tenants.enter("acme").await;
    let pid = session.text("SELECT pg_backend_pid()").await;
    session.run("SELECT count(*) FROM note WHERE body = 'a secret of the tenant'").await;
    let shown = format!("SELECT query FROM pg_stat_activity WHERE pid = {pid}");
    assert_eq!(other.text(&shown).await, "<insufficient privilege>");
    let admin = database.superuser().await;
    let shown = format!(
        "SELECT usename = role, query LIKE '%a secret of%' FROM pg_stat_activity, tenancy.tenants WHERE pid = {pid}"
    );
    assert_eq!(admin.rows(&shown).await.concat(), [Some("t".into()), Some("t".into())]);
}
