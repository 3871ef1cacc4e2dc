//! A context of one transaction must leave nothing to the login that goes on afterwards.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

/// What a tenant could leave behind, one of each kind.
const RESIDUE: &str = "
    DECLARE kept CURSOR WITH HOLD FOR SELECT body FROM note;
    CREATE TEMP TABLE trap (a text);
    GRANT ALL ON trap TO PUBLIC;
    PREPARE stolen AS SELECT 1;
    SET search_path = pg_temp;
    SELECT set_config('work_mem', '77kB', false);
    LISTEN trap;
    SELECT pg_advisory_lock(4711);";

/// One row per thing that is left.
const LEFT: &str = "
    SELECT 'cursor ' || name FROM pg_cursors WHERE is_holdable
    UNION ALL SELECT 'statement ' || name FROM pg_prepared_statements WHERE from_sql
    UNION ALL SELECT 'channel ' || c FROM pg_listening_channels() c
    UNION ALL SELECT 'lock ' || objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
    UNION ALL SELECT 'table ' || relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relname = 'trap'
    UNION ALL SELECT 'setting ' || name FROM pg_settings
        WHERE name IN ('search_path', 'work_mem') AND source = 'session'";

async fn assert_nothing_is_left(end: &str) {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    session.run("BEGIN; SELECT tenancy.enter_local('acme')").await;
    session.run(RESIDUE).await;
    session.run(end).await;
    assert_eq!(session.rows(LEFT).await, Vec::<Vec<Option<String>>>::new(), "after {end}");
    assert_eq!(session.value("SELECT tenancy.current()").await, None);
}

#[tokio::test]
async fn a_context_that_commits_leaves_nothing() {
    assert_nothing_is_left("COMMIT").await;
}

#[tokio::test]
async fn a_context_that_is_rolled_back_leaves_nothing() {
    assert_nothing_is_left("ROLLBACK").await;
}

#[tokio::test]
async fn settings_from_before_the_context_are_kept() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.application.connect().await;
    session.run("SET work_mem = '99kB'").await;
    session.run("BEGIN; SELECT tenancy.enter_local('acme'); SET work_mem = '77kB'; COMMIT").await;
    assert_eq!(session.text("SHOW work_mem").await, "99kB");
}

#[tokio::test]
async fn a_function_with_a_set_clause_cannot_enter_for_its_caller() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    database.superuser_sql(
        "CREATE FUNCTION public.sneak() RETURNS void LANGUAGE sql SET work_mem = '1MB'
             AS $$ SELECT tenancy.enter_local('acme') $$",
    );
    let session = tenants.application.connect().await;
    session.run("BEGIN").await;
    assert_eq!(session.refusal("SELECT public.sneak()").await.code(), "25001");
}
