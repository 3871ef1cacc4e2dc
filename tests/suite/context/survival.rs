//! Whatever a client sends, a sealed context stays what it is: role, path, tenant and seal.

use super::{SEAL, whereabouts};
use tenancy_tests::database::Database;
use tenancy_tests::login::Login;
use tenancy_tests::session::{Session, TextRow};
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

/// What a tenant might try. Whether it is refused or does nothing is looked at elsewhere.
const ATTEMPTS: &[&str] = &[
    "RESET ALL",
    "DISCARD ALL",
    "DISCARD PLANS; DISCARD SEQUENCES; DISCARD TEMP",
    "RESET ROLE",
    "SET ROLE NONE",
    "SET ROLE DEFAULT",
    "SET role TO DEFAULT",
    "SET LOCAL ROLE NONE",
    "RESET SESSION AUTHORIZATION",
    "SET SESSION AUTHORIZATION DEFAULT",
    "SET LOCAL SESSION AUTHORIZATION DEFAULT",
    "SET session_authorization TO DEFAULT",
    "BEGIN; SET LOCAL ROLE NONE; COMMIT",
    "BEGIN; RESET ROLE; ROLLBACK",
    "BEGIN; RESET SESSION AUTHORIZATION; COMMIT",
    "SAVEPOINT a; RESET ROLE; ROLLBACK TO a",
    "BEGIN; SAVEPOINT a; RESET ROLE; ROLLBACK TO a; COMMIT",
    "BEGIN; SAVEPOINT a; SET LOCAL search_path = pg_catalog; ROLLBACK TO a; RELEASE a; COMMIT",
    "SELECT set_config('role', 'none', false)",
    "SELECT set_config('role', session_user, true)",
    "SELECT set_config('session_authorization', session_user, false)",
    "SELECT set_config('search_path', 'pg_catalog', true)",
    "SET search_path = pg_catalog; RESET search_path",
    "SET search_path = pg_catalog; RESET ALL",
    "SET search_path = pg_catalog; DISCARD ALL",
    "SET search_path = pg_catalog; SET search_path TO DEFAULT",
    "BEGIN; SET search_path = pg_catalog; ROLLBACK",
    "BEGIN; SET LOCAL search_path = pg_catalog; COMMIT",
    "BEGIN; SELECT 1/0; ROLLBACK",
    "BEGIN; SELECT 1/0; COMMIT",
    "SELECT 1/0",
    "SELECT",
    "nonsense",
    "ROLLBACK",
    "COMMIT",
    "BEGIN; COMMIT AND CHAIN; ROLLBACK AND CHAIN; COMMIT",
    "BEGIN ISOLATION LEVEL SERIALIZABLE; SAVEPOINT a; SELECT 1/0; ROLLBACK TO a; COMMIT",
    "SELECT tenancy.leave()",
    "SELECT tenancy.leave('no key of this context')",
    "SELECT tenancy.enter('globex')",
    "SELECT tenancy.enter('globex', 'no key of this context')",
    "SELECT tenancy.enter_local('globex')",
    "BEGIN; SELECT tenancy.enter_local('globex'); ROLLBACK",
    "SELECT tenancy.seal('a seal of the tenant''s own')",
    "SELECT tenancy.switch('a seal of the tenant''s own', 'globex')",
    "SELECT tenancy.switch('a seal of the tenant''s own', 'globex', 'session', '')",
    "SET tenancy.tenant = 'globex'",
    "RESET tenancy.tenant",
    "DO $$ BEGIN RAISE EXCEPTION 'oops'; EXCEPTION WHEN OTHERS THEN NULL; END $$",
    "DO $$ BEGIN PERFORM tenancy.leave(); EXCEPTION WHEN OTHERS THEN NULL; END $$",
    "DO $$ BEGIN PERFORM set_config('role', 'none', false); EXCEPTION WHEN OTHERS THEN NULL; END $$",
    "DO $$ BEGIN RESET ROLE; PERFORM 1/0; EXCEPTION WHEN OTHERS THEN NULL; END $$",
    "DO $$ BEGIN EXECUTE 'RESET ALL'; COMMIT; RESET SESSION AUTHORIZATION; ROLLBACK; END $$",
    "CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql SET role = 'none' AS 'SELECT current_user'; SELECT pg_temp.f()",
    "CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql SET search_path = pg_catalog AS 'SELECT current_user'; SELECT pg_temp.f()",
    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql SET search_path = pg_catalog AS 'SELECT 1/0'; SELECT pg_temp.f()",
    "CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RESET ROLE; RETURN current_user; END'; SELECT pg_temp.f()",
    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN 1/0; EXCEPTION WHEN OTHERS THEN RETURN 1; END'; SELECT pg_temp.f()",
    "PREPARE p AS SELECT current_user; DEALLOCATE ALL",
    "DECLARE c CURSOR WITH HOLD FOR SELECT 1; CLOSE ALL",
    "LISTEN x; UNLISTEN *",
];

#[tokio::test]
async fn whatever_a_client_sends_it_stays_in_its_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    for attempt in ATTEMPTS {
        let session = tenants.enter("acme").await;
        let inside = whereabouts(&session).await;
        // Twice: as one message, and statement by statement with errors in between.
        let _ = session.batch_execute(attempt).await;
        let _ = session.batch_execute("ROLLBACK").await;
        assert_eq!(whereabouts(&session).await, inside, "{attempt}");
        for statement in attempt.split("; ").filter(|_| !attempt.contains('$')) {
            let _ = session.batch_execute(statement).await;
        }
        let _ = session.batch_execute("ROLLBACK").await;
        assert_eq!(whereabouts(&session).await, inside, "{attempt}, statement by statement");
        assert_eq!(session.text("SELECT body FROM note").await, "acme", "{attempt}");
        session.refused("SELECT tenancy.leave()").await;
    }
}

#[tokio::test]
async fn the_tenant_is_the_same_inside_everything_that_was_tried() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    let inside = whereabouts(&session).await;
    for statement in ["RESET ROLE", "RESET SESSION AUTHORIZATION", "RESET ALL", "SAVEPOINT a"] {
        session.run(&format!("BEGIN; {statement}")).await;
        assert_eq!(whereabouts(&session).await, inside, "behind {statement}");
        session.run("SAVEPOINT b").await;
        session.refused("SELECT 1/0").await;
        session.run("ROLLBACK TO b").await;
        assert_eq!(whereabouts(&session).await, inside, "rolled back behind {statement}");
        session.run("ROLLBACK AND CHAIN").await;
        assert_eq!(whereabouts(&session).await, inside, "chained behind {statement}");
        session.run("COMMIT").await;
    }
}

/// Ways to enter that PostgreSQL then takes back.
const UNDONE: &[(&[&str], &[&str])] = &[
    (&["BEGIN"], &["ROLLBACK"]),
    (&["BEGIN"], &["SELECT 1/0", "ROLLBACK"]),
    (&["BEGIN"], &["SELECT 1/0", "COMMIT"]),
    (&["BEGIN", "SAVEPOINT a"], &["ROLLBACK TO a", "COMMIT"]),
    (&["BEGIN", "SAVEPOINT a"], &["SELECT 1/0", "ROLLBACK TO a", "RELEASE a", "COMMIT"]),
    (&["BEGIN", "SAVEPOINT a"], &["ROLLBACK TO a", "ROLLBACK"]),
    (&["BEGIN"], &["COMMIT AND CHAIN", "ROLLBACK"]),
    (&["BEGIN"], &["ROLLBACK AND CHAIN", "COMMIT"]),
    (&[], &["BEGIN", "RESET ALL", "ROLLBACK"]),
];

#[tokio::test]
async fn no_rollback_takes_back_that_a_tenant_was_entered() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let inside = whereabouts(&tenants.enter("acme").await).await;
    for (before, after) in UNDONE {
        let session = tenants.application.connect().await;
        run_each(&session, before).await;
        session.run(&format!("SELECT tenancy.enter('acme', '{SEAL}')")).await;
        for statement in *after {
            let _ = session.batch_execute(statement).await;
            if !statement.contains("1/0") {
                assert_eq!(whereabouts(&session).await, inside, "{after:?} at {statement}");
            }
        }
        let _ = session.batch_execute("DISCARD ALL").await;
        assert_eq!(whereabouts(&session).await, inside, "{after:?} and DISCARD ALL");
        session.refused("SELECT tenancy.leave()").await;
        session.run(&format!("SELECT tenancy.leave('{SEAL}')")).await;
        super::assert_outside(&session).await;
    }
}

#[tokio::test]
async fn an_error_in_the_statement_that_enters_does_not_lead_half_way_in() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let inside = whereabouts(&tenants.enter("acme").await).await;
    for statement in [
        format!("SELECT tenancy.enter('acme', '{SEAL}'), 1/(random() < 0)::int"),
        format!("SELECT tenancy.enter('acme', '{SEAL}'); SELECT 1/0"),
        format!(
            "DO $$ BEGIN PERFORM tenancy.enter('acme', '{SEAL}'); PERFORM 1/0;
                   EXCEPTION WHEN OTHERS THEN NULL; END $$"
        ),
    ] {
        let session = tenants.application.connect().await;
        let _ = session.batch_execute(&statement).await;
        // The application knows the key, so it can go on in either place; in between it could not.
        assert_eq!(whereabouts(&session).await, inside, "{statement}");
        session.run(&format!("SELECT tenancy.leave('{SEAL}')")).await;
        super::assert_outside(&session).await;
    }
}

#[tokio::test]
async fn what_a_login_has_set_for_itself_never_covers_the_tenants_path() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let inside = whereabouts(&tenants.enter("acme").await).await;
    let login = tenants.application.name();
    database.superuser_sql(&format!("ALTER ROLE {login} SET search_path = 'of_the_login'"));
    let name = database.name();
    database.superuser_sql(&format!("ALTER DATABASE {name} SET search_path = 'of_the_database'"));
    for options in ["", "-c search_path=of_the_client"] {
        let session = started_with(&tenants.application, options).await;
        session.run("SET search_path = of_the_session").await;
        session.run("SELECT tenancy.enter('acme')").await;
        for statement in ["SELECT 1", "RESET search_path", "RESET ALL", "DISCARD ALL"] {
            session.run(statement).await;
            assert_eq!(whereabouts(&session).await, inside, "{statement} {options}");
        }
    }
}

#[tokio::test]
async fn a_transaction_that_changed_the_path_cannot_enter_because_its_end_would_change_it_again() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    for set in ["SET search_path = x", "SET LOCAL search_path = x"] {
        for end in ["COMMIT", "ROLLBACK"] {
            session.run(&format!("BEGIN; {set}")).await;
            let code = session.refusal("SELECT tenancy.enter('acme')").await;
            assert_eq!(code, SqlState::ACTIVE_SQL_TRANSACTION, "{set}");
            session.run(end).await;
            super::assert_outside(&session).await;
        }
    }
}

async fn started_with(login: &Login, options: &str) -> Session {
    Session::open(login.config().options(options)).await
}

async fn run_each(session: &Session, statements: &[&str]) {
    for statement in statements {
        session.run(statement).await;
    }
}

#[tokio::test]
async fn a_setting_of_a_function_lasts_as_long_as_its_call() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    let inside: TextRow = whereabouts(&session).await;
    session
        .run(
            "CREATE FUNCTION pg_temp.path() RETURNS text LANGUAGE sql SET search_path = pg_catalog
             AS $$ SELECT current_setting('search_path') || ' ' || current_user $$",
        )
        .await;
    let role = tenants.column("acme", "role").await;
    let path = session.text("SELECT pg_temp.path()").await;
    assert_eq!(path, format!("pg_catalog {role}"));
    assert_eq!(whereabouts(&session).await, inside);
}
