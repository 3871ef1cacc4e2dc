//! What is refused inside a tenant because it would change who the session is, and by which error.

use super::whereabouts;
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn no_role_can_be_chosen_inside_a_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    let inside = whereabouts(&session).await;
    let own = &tenants.column("acme", "role").await;
    for role in [tenants.application.name(), own, "postgres", "tenancy_tenant", "nobody_at_all"] {
        for attempt in [
            format!("SET ROLE {role}"),
            format!("SET LOCAL ROLE {role}"),
            format!("SET SESSION AUTHORIZATION {role}"),
            format!("SET LOCAL SESSION AUTHORIZATION {role}"),
            format!("SELECT set_config('role', '{role}', false)"),
            format!("SELECT set_config('session_authorization', '{role}', true)"),
            format!(
                "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql SET role = {role} AS 'SELECT 1'"
            ),
        ] {
            let code = session.refusal(&attempt).await;
            assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE, "{attempt}");
        }
    }
    assert_eq!(whereabouts(&session).await, inside);
}

#[tokio::test]
async fn roles_the_server_and_the_database_cannot_be_changed_inside_a_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    let (login, own) = (tenants.application.name(), tenants.column("acme", "role").await);
    for attempt in [
        format!("ALTER ROLE {login} PASSWORD 'stolen'"),
        format!("ALTER ROLE {login} SET search_path = pg_catalog"),
        format!("ALTER ROLE {own} SET statement_timeout = 0"),
        "ALTER ROLE CURRENT_USER SET work_mem = '1GB'".into(),
        "ALTER ROLE SESSION_USER SET work_mem = '1GB'".into(),
        "CREATE ROLE intruder".into(),
        format!("GRANT {own} TO {login}"),
        format!("DROP OWNED BY {own}"),
        format!("REASSIGN OWNED BY {own} TO {login}"),
        format!("COMMENT ON ROLE {own} IS 'mine'"),
        format!("ALTER DATABASE {} SET search_path = pg_catalog", database.name()),
        "ALTER SYSTEM SET work_mem = '1GB'".into(),
        "LOAD 'plpgsql'".into(),
        "BEGIN; PREPARE TRANSACTION 'left behind'".into(),
        "COMMIT PREPARED 'left behind'".into(),
        "COPY note TO PROGRAM 'cat'".into(),
        "COPY note FROM '/etc/passwd'".into(),
    ] {
        let code = session.refusal(&attempt).await;
        assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE, "{attempt}");
        let _ = session.batch_execute("ROLLBACK").await;
    }
}

#[tokio::test]
async fn the_name_of_the_tenant_can_be_set_by_nobody() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    for session in [tenants.enter("acme").await, tenants.application.connect().await] {
        let before = whereabouts(&session).await;
        for attempt in [
            "SET tenancy.tenant = 'globex'",
            "SET LOCAL tenancy.tenant = 'globex'",
            "RESET tenancy.tenant",
            "SELECT set_config('tenancy.tenant', 'globex', false)",
            "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql SET tenancy.tenant = 'globex' AS 'SELECT 1'",
            "SET tenancy.shared_schemas = 'public, stolen'",
            "SET tenancy.anything = 'globex'",
        ] {
            session.refused(attempt).await;
        }
        assert_eq!(whereabouts(&session).await, before);
    }
    let options = "-c tenancy.tenant=globex";
    let mut config = tenants.application.config();
    assert!(Session::try_open(config.options(options)).await.is_err(), "{options}");
}

#[tokio::test]
async fn a_tenant_reads_and_writes_its_own_rows_and_no_others() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.enter("acme").await;
    let other = tenants.column("globex", "schema").await;
    session.run("UPDATE note SET body = body || '!'; DELETE FROM note WHERE false").await;
    assert_eq!(session.text("SELECT body FROM note").await, "acme!");
    for attempt in [
        format!("SELECT * FROM {other}.note"),
        format!("INSERT INTO {other}.note (body) VALUES ('x')"),
        format!("SELECT * FROM {other}.note_count"),
        format!("SELECT nextval('{other}.note_id_seq')"),
        format!("CREATE TABLE {other}.x (i int)"),
        "CREATE TABLE x (i int)".into(),
        "CREATE TABLE public.x (i int)".into(),
        "SELECT * FROM tenancy.tenant".into(),
        "SELECT * FROM tenancy.tenants".into(),
        "DELETE FROM tenancy.login".into(),
    ] {
        let code = session.refusal(&attempt).await;
        // What another tenant has is missing, not forbidden.
        let codes: &[&str] =
            if attempt.contains(&other) { &["42P01", "3F000"] } else { &["42501"] };
        assert!(codes.contains(&code.code()), "{attempt}: {code:?}");
    }
    assert_eq!(tenants.enter("globex").await.text("SELECT body FROM note").await, "globex");
}
