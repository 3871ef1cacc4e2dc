//! Statements that must not move a session, whatever comes of them. `{own}` and `{other}` stand for
//! the schema of the present tenant and of another one, `{tenant}` for another one's name, `{body}`
//! for the present one's secret, `{hat}` for a role of the login's own.

use super::chance::Chance;

/// Statements about transactions.
pub const TRANSACTION: &[&str] = &[
    "BEGIN",
    "BEGIN",
    "BEGIN ISOLATION LEVEL SERIALIZABLE",
    "BEGIN READ ONLY",
    "COMMIT",
    "ROLLBACK",
    "COMMIT AND CHAIN",
    "ROLLBACK AND CHAIN",
    "PREPARE TRANSACTION 'walk'",
];

/// Statements about subtransactions.
pub const SAVEPOINT: &[&str] =
    &["SAVEPOINT a", "SAVEPOINT b", "ROLLBACK TO a", "ROLLBACK TO b", "RELEASE a", "RELEASE b"];

/// Roles and paths: what leads out of lesser walls.
const SETTINGS: &[&str] = &[
    "RESET ALL",
    "DISCARD ALL",
    "DISCARD PLANS",
    "DISCARD TEMP",
    "DISCARD SEQUENCES",
    "RESET ROLE",
    "SET ROLE NONE",
    "SET ROLE DEFAULT",
    "SET ROLE {hat}",
    "SET ROLE {other}",
    "SET ROLE postgres",
    "SET LOCAL ROLE NONE",
    "SET LOCAL ROLE {hat}",
    "SET SESSION AUTHORIZATION DEFAULT",
    "SET LOCAL SESSION AUTHORIZATION DEFAULT",
    "SET SESSION AUTHORIZATION {hat}",
    "RESET SESSION AUTHORIZATION",
    "SELECT set_config('role', 'none', false)",
    "SELECT set_config('role', '{hat}', true)",
    "SELECT set_config('session_authorization', session_user, false)",
    "SELECT set_config('tenancy.tenant', '{tenant}', false)",
    "SET tenancy.tenant = '{tenant}'",
    "SET search_path = {other}, pg_catalog",
    "SET LOCAL search_path = pg_catalog",
    "SELECT set_config('search_path', '{other}', true)",
    "RESET search_path",
    "UPDATE pg_settings SET setting = 'none' WHERE name = 'role'",
    "SET work_mem = '3MB'",
    "SET LOCAL work_mem = '2MB'",
    "SET force_parallel_mode = on",
    "SET force_parallel_mode = regress",
    "RESET force_parallel_mode",
    "SET parallel_setup_cost = 0",
    "SET plan_cache_mode = force_generic_plan",
];

/// Code that runs inside other code, and says where it finds itself.
const NESTED: &[&str] = &[
    "SELECT {own}.here()",
    "SELECT {own}.with_path()",
    "SELECT {own}.with_role()",
    "SELECT {own}.as_definer()",
    "SELECT {own}.move_as_definer('{tenant}')",
    "SELECT {own}.guarded('SELECT 1/0')",
    "SELECT {own}.guarded('RESET ROLE')",
    "SELECT {own}.guarded('SET LOCAL search_path = pg_catalog')",
    "SELECT {own}.guarded('SELECT tenancy.leave()')",
    "SELECT {own}.guarded('SELECT {own}.with_role()')",
    "SELECT {own}.guarded($q$SELECT {own}.guarded('SELECT {own}.move_as_definer(''{tenant}'')')$q$)",
    "CALL {own}.commits()",
    "DO $$ BEGIN EXECUTE 'RESET ROLE'; EXCEPTION WHEN OTHERS THEN NULL; END $$",
    "DO $$ BEGIN PERFORM set_config('role', 'none', true); PERFORM 1/0; EXCEPTION WHEN OTHERS THEN NULL; END $$",
    "DO $$ BEGIN COMMIT; EXECUTE 'RESET SESSION AUTHORIZATION'; ROLLBACK; END $$",
    "DO $$ BEGIN COMMIT AND CHAIN; PERFORM {own}.here(); END $$",
    "DO $$ BEGIN FOR i IN 1..3 LOOP BEGIN PERFORM 1/(i - 2); EXCEPTION WHEN OTHERS THEN PERFORM {own}.here(); END; END LOOP; END $$",
    "DO $$ BEGIN EXECUTE 'SAVEPOINT a'; END $$",
    "CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql SET role = 'none' AS 'SELECT current_user::text'",
    "SELECT pg_temp.f()",
    "CREATE FUNCTION pg_temp.go(to_tenant text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN tenancy.enter(to_tenant); END $$",
    "SELECT pg_temp.go('{tenant}')",
    "SELECT tenancy.seal('a seal that a tenant has chosen')",
];

/// Puts the present tenant's secret where a session could carry it on.
const LOOT: &[&str] = &[
    "CREATE TEMP TABLE loot AS SELECT body FROM {own}.note",
    "CREATE TEMP TABLE IF NOT EXISTS note AS SELECT body FROM {own}.note",
    "CREATE TEMP TABLE gone ON COMMIT DROP AS SELECT body FROM {own}.note",
    "CREATE TEMP VIEW seen AS SELECT body FROM {own}.note",
    "DECLARE held CURSOR WITH HOLD FOR SELECT body FROM {own}.note",
    "DECLARE passing SCROLL CURSOR FOR SELECT body FROM {own}.note",
    "PREPARE taken AS SELECT body FROM {own}.note",
    "PREPARE spoken AS SELECT '{body}'",
    "DO $$ BEGIN EXECUTE 'PREPARE spoken AS SELECT ''{body}'''; EXCEPTION WHEN OTHERS THEN NULL; END $$",
    "SELECT set_config('walk.loot', body, false) FROM {own}.note LIMIT 1",
    "SELECT set_config('walk.loot', body, true) FROM {own}.note LIMIT 1",
    "SELECT set_config('application_name', body, false) FROM {own}.note LIMIT 1",
    "LISTEN ears",
    "NOTIFY ears, '{body}'",
    "SELECT pg_notify('ears', body) FROM {own}.note LIMIT 1",
    "SELECT lo_from_bytea(4711, convert_to('{body}', 'UTF8'))",
    "SELECT pg_advisory_lock(7)",
    "SELECT pg_advisory_xact_lock(8)",
    "CREATE FUNCTION pg_temp.told() RETURNS text LANGUAGE sql AS $$ SELECT '{body}'::text $$",
];

/// Looks into all of those places.
pub const LOOK: &[&str] = &[
    "TABLE loot",
    "TABLE pg_temp.note",
    "TABLE gone",
    "TABLE seen",
    "FETCH ALL FROM held",
    "FETCH FORWARD 1 FROM passing",
    "MOVE BACKWARD ALL IN passing",
    "EXECUTE taken",
    "EXECUTE spoken",
    "TABLE pg_prepared_statements",
    "TABLE pg_cursors",
    "SELECT current_setting('walk.loot', true), current_setting('application_name')",
    "SELECT convert_from(lo_get(4711), 'UTF8')",
    "SELECT pg_temp.told()",
    "SELECT query FROM pg_stat_activity",
    "SELECT * FROM pg_stats WHERE schemaname = '{other}'",
    "SELECT body FROM note",
    "SELECT body FROM all_notes",
    "SELECT string_agg(body, ',') FROM note, generate_series(1, 3)",
];

/// Ordinary work, attempts on another tenant, and mistakes.
const OTHER: &[&str] = &[
    "INSERT INTO {own}.note (body) SELECT '{body}'",
    "UPDATE {own}.note SET body = body WHERE id = 1",
    "SELECT body FROM {own}.note",
    "SELECT body FROM {other}.note",
    "SELECT body FROM {other}.all_notes",
    "INSERT INTO {other}.note (body) VALUES ('crossed')",
    "SELECT {other}.here()",
    "CREATE TABLE {other}.crossed (id int)",
    "TABLE tenancy.tenant",
    "COPY (SELECT body FROM {own}.note) TO STDOUT",
    "COPY {other}.note TO STDOUT",
    "EXPLAIN ANALYZE SELECT body FROM {own}.note",
    "SELECT 1/0",
    "nonsense",
    "SELECT",
    "",
    "CLOSE ALL",
    "DEALLOCATE ALL",
    "DEALLOCATE w1",
    "UNLISTEN *",
    "SELECT pg_advisory_unlock_all()",
    "CREATE TEMP TABLE late (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)",
    "INSERT INTO late VALUES (1), (1)",
    "SET CONSTRAINTS ALL IMMEDIATE",
    "SET TRANSACTION READ ONLY",
    "LOCK TABLE {own}.note IN SHARE MODE",
    "ALTER ROLE CURRENT_USER SET search_path = public",
    "CREATE SCHEMA mine",
];

/// A statement that is none of a transaction's own.
pub fn statement(chance: &mut Chance) -> &'static str {
    let kinds: [&[&'static str]; 6] = [SETTINGS, NESTED, LOOT, LOOK, OTHER, LOOT];
    let kind = chance.below(kinds.len());
    chance.pick(kinds[kind])
}

/// Any statement; one of a transaction's own by half.
pub fn any(chance: &mut Chance) -> &'static str {
    match chance.below(8) {
        0..=2 => chance.pick(TRANSACTION),
        3 => chance.pick(SAVEPOINT),
        _ => statement(chance),
    }
}
