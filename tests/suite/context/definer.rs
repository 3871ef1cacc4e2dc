//! Context functions inside code that runs as somebody else: refused, because the end of that code
//! would put back the role from before.

use super::{SEAL, assert_outside, whereabouts};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

const FUNCTIONS: &str = "
    CREATE FUNCTION public.do_enter(t text, k text) RETURNS text LANGUAGE sql SECURITY DEFINER
        AS 'SELECT tenancy.enter(t, k)';
    CREATE FUNCTION public.do_enter_local(t text) RETURNS void LANGUAGE sql SECURITY DEFINER
        AS 'SELECT tenancy.enter_local(t)';
    CREATE FUNCTION public.do_leave(k text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        AS 'BEGIN PERFORM tenancy.leave(k); END';
    CREATE FUNCTION public.do_leave_quietly(k text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        AS 'BEGIN PERFORM tenancy.leave(k); EXCEPTION WHEN OTHERS THEN NULL; END';
    CREATE FUNCTION public.who(OUT text) LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user';
";

#[tokio::test]
async fn a_definer_function_cannot_enter() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    database.superuser_sql(FUNCTIONS);
    let session = tenants.application.connect().await;
    for call in [format!("do_enter('acme', '{SEAL}')"), "do_enter_local('acme')".into()] {
        let code = session.refusal(&format!("SELECT {call}")).await;
        assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE, "{call}");
        assert_outside(&session).await;
    }
}

#[tokio::test]
async fn a_definer_function_cannot_leave_or_move_on() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    database.superuser_sql(FUNCTIONS);
    let session = tenants.enter_with("acme", SEAL).await;
    let inside = whereabouts(&session).await;
    for call in [format!("do_leave('{SEAL}')"), format!("do_enter('globex', '{SEAL}')")] {
        let code = session.refusal(&format!("SELECT {call}")).await;
        assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE, "{call}");
        assert_eq!(whereabouts(&session).await, inside, "{call}");
    }
    session.run(&format!("SELECT do_leave_quietly('{SEAL}')")).await;
    assert_eq!(whereabouts(&session).await, inside);
}

#[tokio::test]
async fn a_definer_function_of_the_administrator_still_runs_as_its_owner() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    database.superuser_sql(FUNCTIONS);
    let session = tenants.enter("acme").await;
    assert_eq!(session.text("SELECT who()").await, "postgres");
    let role = tenants.column("acme", "role").await;
    assert_eq!(session.text("SELECT current_user").await, role);
}

#[tokio::test]
async fn a_context_cannot_be_entered_while_a_view_is_materialized_or_an_index_built() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let login = tenants.application.name();
    database.superuser_sql(&format!("CREATE SCHEMA app AUTHORIZATION {login}"));
    let session = tenants.application.connect().await;
    for attempt in [
        "CREATE MATERIALIZED VIEW app.v AS SELECT tenancy.enter('acme')",
        "CREATE MATERIALIZED VIEW app.v AS SELECT tenancy.enter_local('acme')::text",
    ] {
        let code = session.refusal(attempt).await;
        assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE, "{attempt}");
        assert_outside(&session).await;
    }
}
