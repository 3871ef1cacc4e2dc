//! What the gateway is told of what its client leaves on the connection, and nobody else is.

use super::{Gateway, oid, state_of};
use tenancy_core::carried;
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Reply, Request, Wire};

const SETTINGS: &str = "tenancy.settings";
const RESIDUE: &str = "tenancy.residue";

async fn client(database: &Database<'_>) -> Gateway {
    Tenants::create(database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(database).await;
    gateway.switch_for("acme", "session", "").await;
    gateway
}

/// What was told under a name, once at most.
fn told(replies: &[Reply], name: &str) -> Option<String> {
    let mut values = replies.iter().filter_map(|reply| match reply {
        Reply::Parameter(parameter, value) if parameter == name => Some(value.clone()),
        _ => None,
    });
    let value = values.next();
    assert_eq!(values.next(), None, "{name} twice: {replies:?}");
    value
}

/// What is told behind statements that have to succeed.
async fn told_behind(gateway: &mut Gateway, sql: &str, name: &str) -> Option<String> {
    let replies = gateway.wire.ask(Request::new().query(sql)).await;
    assert_eq!(state_of(&replies), None, "{sql}: {replies:?}");
    told(&replies, name)
}

/// Statements, and the settings that are told behind them.
const CHANGES: &[(&str, Option<&str>)] = &[
    ("SELECT 1", None),
    ("SHOW work_mem", None),
    ("SET work_mem = '100kB'", Some("work_mem=100")),
    ("SET work_mem = '100kB'", None),
    ("SELECT 1", None),
    ("SELECT set_config('app.x', E'a\\nb', false)", Some("app.x=a\\nb\nwork_mem=100")),
    ("SELECT set_config('app.x', 'local', true)", None),
    ("BEGIN; SET LOCAL work_mem = '200kB'; COMMIT", None),
    ("BEGIN; SET work_mem = '200kB'; ROLLBACK", None),
    ("BEGIN; SAVEPOINT a; SET work_mem = '200kB'; ROLLBACK TO a; COMMIT", None),
    ("BEGIN; SET work_mem = '200kB'; COMMIT", Some("app.x=a\\nb\nwork_mem=200")),
    ("RESET app.x", Some("work_mem=200")),
    ("DO $$ BEGIN SET app.y = 1; END $$", Some("app.y=1\nwork_mem=200")),
    ("DO $$ BEGIN PERFORM set_config('app.y', '2', false); END $$", Some("app.y=2\nwork_mem=200")),
    (
        "DO $$ BEGIN SET app.y = 3; COMMIT; SET app.y = 4; ROLLBACK; END $$",
        Some("app.y=3\nwork_mem=200"),
    ),
    (
        "UPDATE pg_settings SET setting = '300' WHERE name = 'work_mem'",
        Some("app.y=3\nwork_mem=300"),
    ),
    ("RESET ALL", Some("")),
    ("RESET ALL", None),
    ("SET TIME ZONE 'Europe/Vienna'", Some("TimeZone=Europe/Vienna")),
    (
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        Some("default_transaction_read_only=on\nTimeZone=Europe/Vienna"),
    ),
    ("DISCARD ALL", Some("")),
    ("SET seed = 0.5", None),
    ("BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; COMMIT", None),
    ("SET search_path = pg_catalog, \"A b\"", Some("search_path=pg_catalog, \"A b\"")),
    ("RESET search_path", Some("")),
];

#[tokio::test]
async fn the_settings_are_told_when_sql_has_changed_any() {
    let database = Database::new();
    let mut gateway = client(&database).await;
    for (statement, expected) in CHANGES {
        let seen = told_behind(&mut gateway, statement, SETTINGS).await;
        assert_eq!(seen.as_deref(), *expected, "{statement}");
    }
}

#[tokio::test]
async fn they_are_told_right_before_the_client_is_asked_for_more() {
    let database = Database::new();
    let mut gateway = client(&database).await;
    let is_told = |reply: &Reply| matches!(reply, Reply::Parameter(name, _) if name == SETTINGS);
    let set = "SET work_mem = '100kB'";
    let replies = gateway.wire.ask(Request::new().query(set)).await;
    assert!(is_told(&replies[replies.len() - 2]), "{replies:?}");
    assert_eq!(replies.last(), Some(&Reply::Ready('I')));
    // Not inside of a transaction, not in a failed one, and then once.
    for inside in ["BEGIN", "SET work_mem = '200kB'"] {
        assert_eq!(told_behind(&mut gateway, inside, SETTINGS).await, None);
    }
    let replies = gateway.wire.ask(Request::new().query("SELECT 1/0")).await;
    assert_eq!(told(&replies, SETTINGS), None);
    assert_eq!(told_behind(&mut gateway, "ROLLBACK", SETTINGS).await, None);
    // By the extended protocol, and where a later statement fails.
    let request = Request::new().parse("", "SET work_mem = '300kB'").bind("", &[]).execute();
    let replies = gateway.wire.ask(request.sync()).await;
    assert_eq!(told(&replies, SETTINGS).as_deref(), Some("work_mem=300"));
    let both = Request::new().query("SET work_mem = '400kB'; SELECT 1/0");
    assert_eq!(told(&gateway.wire.ask(both).await, SETTINGS), None);
    let both = Request::new().query("BEGIN; SET work_mem = '400kB'; COMMIT; SELECT 1/0");
    assert_eq!(told(&gateway.wire.ask(both).await, SETTINGS).as_deref(), Some("work_mem=400"));
}

#[tokio::test]
async fn a_fast_path_call_that_sets_is_told_too() {
    let database = Database::new();
    let mut gateway = client(&database).await;
    let set_config = oid(&mut gateway.wire, "set_config(text,text,boolean)").await;
    let arguments = [Some("work_mem"), Some("100kB"), Some("f")];
    let replies = gateway.wire.ask(Request::new().function_call(set_config, &arguments)).await;
    assert_eq!(told(&replies, SETTINGS).as_deref(), Some("work_mem=100"), "{replies:?}");
}

#[tokio::test]
async fn what_the_client_brought_is_among_them_until_it_is_reset() {
    let database = Database::new();
    let mut gateway = client(&database).await;
    let answer = gateway.switch_for("acme", "session", "TimeZone=UTC\nwork_mem=100kB").await;
    assert_eq!(told(&answer, SETTINGS), None, "{answer:?}");
    assert_eq!(told(&answer, RESIDUE), None, "{answer:?}");
    for (statement, expected) in [
        ("SELECT 1", None),
        ("SET work_mem = '100kB'", None),
        ("BEGIN; SET app.x = 1; ROLLBACK", None),
        ("SET app.x = 1", Some("app.x=1\nTimeZone=UTC\nwork_mem=100")),
        ("RESET TimeZone", Some("app.x=1\nwork_mem=100")),
        ("RESET ALL", Some("")),
    ] {
        let seen = told_behind(&mut gateway, statement, SETTINGS).await;
        assert_eq!(seen.as_deref(), expected, "{statement}");
    }
}

#[tokio::test]
async fn what_is_told_can_be_brought_to_the_next_connection_as_it_is() {
    let database = Database::new();
    let mut gateway = client(&database).await;
    let sets = "SET enable_seqscan = off; SET statement_timeout = '1h'; SET random_page_cost = 1.23456789012;
        SET bytea_output = 'escape'; SET DateStyle = 'German'; SET TIME ZONE INTERVAL '+02:30' HOUR TO MINUTE;
        SET application_name = 'x'; SELECT set_config('app.x', E'\u{e9}\\t\\\\=', false);
        SET search_path = \"A b\", pg_catalog; SET client_encoding = 'LATIN1'; SET IntervalStyle = iso_8601";
    let text = told_behind(&mut gateway, sets, SETTINGS).await.unwrap();
    let look = "SELECT string_agg(name || '=' || setting, ',' ORDER BY name) FROM pg_settings WHERE source = 'session'";
    let before = gateway.text(look).await;
    gateway.switch_for("acme", "session", "").await;
    let nothing = gateway.wire.query(look).await.unwrap();
    assert_eq!(nothing, [[None]]);
    gateway.switch_for("acme", "session", &text).await;
    assert_eq!(gateway.text(look).await, before);
    assert_eq!(gateway.text("SHOW random_page_cost").await, "1.23457");
    let again = told_behind(&mut gateway, "SET app.y = 1; RESET app.x", SETTINGS).await.unwrap();
    let kept = text.lines().filter(|line| !line.starts_with("app.x"));
    let mut expected: Vec<_> = kept.collect();
    expected.insert(0, "app.y=1");
    assert_eq!(again.lines().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn too_many_settings_are_told_as_such() {
    let database = Database::new();
    let mut gateway = client(&database).await;
    let set = |count: usize| {
        format!("SELECT set_config('app.n' || n, 'x', false) FROM generate_series(1, {count}) n")
    };
    let most = told_behind(&mut gateway, &set(carried::MAX_SETTINGS), SETTINGS).await.unwrap();
    assert_eq!(carried::parse(&most).unwrap().len(), carried::MAX_SETTINGS);
    let more = told_behind(&mut gateway, &set(carried::MAX_SETTINGS + 1), SETTINGS).await;
    assert_eq!(more.as_deref(), Some("!"));
    assert_eq!(told_behind(&mut gateway, "SET app.n1 = 2", SETTINGS).await, None);
    assert_eq!(told_behind(&mut gateway, "RESET ALL", SETTINGS).await.as_deref(), Some(""));
    let long = "SELECT set_config('app.long', repeat('x', 8192), false)";
    assert_eq!(told_behind(&mut gateway, long, SETTINGS).await.as_deref(), Some("!"));
}

#[tokio::test]
async fn what_a_more_privileged_function_has_set_is_not_told() {
    let database = Database::new();
    let mut gateway = client(&database).await;
    database.superuser_sql(
        "CREATE FUNCTION public.quiet() RETURNS text SECURITY DEFINER LANGUAGE sql
         AS $$ SELECT set_config('log_min_duration_statement', '5', false) $$",
    );
    let call = "SELECT public.quiet(); SET app.x = 1";
    assert_eq!(told_behind(&mut gateway, call, SETTINGS).await.as_deref(), Some("app.x=1"));
}

/// What leaves a kind of residue behind, and what takes it away.
const LEFT: &[(&str, &str, &[&str])] = &[
    (
        "SELECT pg_advisory_lock(1)",
        "advisory_locks",
        &["SELECT pg_advisory_unlock(1)", "SELECT pg_advisory_unlock_all()"],
    ),
    (
        "SELECT pg_try_advisory_lock_shared(1, 2)",
        "advisory_locks",
        &["SELECT pg_advisory_unlock_shared(1, 2)"],
    ),
    (
        "DECLARE c CURSOR WITH HOLD FOR SELECT generate_series(1, 3)",
        "cursors",
        &["CLOSE c", "CLOSE ALL"],
    ),
    ("LISTEN orders", "listen", &["UNLISTEN orders", "UNLISTEN *"]),
    ("PREPARE p AS SELECT 1", "prepared", &["DEALLOCATE p", "DEALLOCATE ALL"]),
    ("SELECT nextval(pg_get_serial_sequence('note', 'id'))", "sequences", &["DISCARD SEQUENCES"]),
    ("INSERT INTO note (body) VALUES ('x')", "sequences", &["DISCARD SEQUENCES"]),
    ("CREATE TEMP TABLE t (i int)", "temporary", &["DROP TABLE t", "DISCARD TEMP"]),
    (
        "CREATE TEMP TABLE t (i int) ON COMMIT DELETE ROWS",
        "temporary",
        &["DROP TABLE t", "DISCARD TEMP"],
    ),
    ("CREATE TEMP VIEW v AS SELECT 1 AS i", "temporary", &["DROP VIEW v"]),
    ("CREATE TEMP SEQUENCE s", "temporary", &["DROP SEQUENCE s"]),
    (
        "CREATE TYPE pg_temp.kind AS ENUM ('a')",
        "temporary",
        &["DROP TYPE pg_temp.kind", "DISCARD TEMP"],
    ),
    (
        "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "temporary",
        &["DROP FUNCTION pg_temp.f()", "DISCARD TEMP"],
    ),
];

#[tokio::test]
async fn each_kind_of_residue_is_told_when_it_comes_and_when_it_goes() {
    let database = Database::new();
    let mut gateway = client(&database).await;
    for (leaves, kind, ways_back) in LEFT {
        for back in ways_back.iter().chain(&["DISCARD ALL"]) {
            let seen = told_behind(&mut gateway, leaves, RESIDUE).await;
            assert_eq!(seen.as_deref(), Some(*kind), "{leaves}");
            assert_eq!(told_behind(&mut gateway, "SELECT 1", RESIDUE).await, None, "{leaves}");
            let seen = told_behind(&mut gateway, back, RESIDUE).await;
            assert_eq!(seen.as_deref(), Some(""), "{leaves}; {back}");
            assert_eq!(told_behind(&mut gateway, "SELECT 1", RESIDUE).await, None, "{back}");
        }
        gateway.run(leaves).await;
        let answer = gateway.switch_for("acme", "session", "").await;
        assert_eq!(told(&answer, RESIDUE), None);
        assert_eq!(told_behind(&mut gateway, "SELECT 1", RESIDUE).await, None, "{leaves}");
        let seen = told_behind(&mut gateway, leaves, RESIDUE).await;
        assert_eq!(seen.as_deref(), Some(*kind), "{leaves} after a switch");
        gateway.run("DISCARD ALL").await;
    }
}

/// What leaves nothing.
const NOTHING_LEFT: &[&str] = &[
    "SELECT pg_advisory_xact_lock(1)",
    "BEGIN; LISTEN a; ROLLBACK",
    "BEGIN; SAVEPOINT s; LISTEN a; ROLLBACK TO s; COMMIT",
    "BEGIN; SAVEPOINT s; SAVEPOINT u; LISTEN a; RELEASE u; ROLLBACK TO s; COMMIT",
    "BEGIN; LISTEN a; UNLISTEN a; COMMIT",
    "BEGIN; LISTEN a; LISTEN b; UNLISTEN *; COMMIT",
    "BEGIN; DECLARE c CURSOR FOR SELECT 1; COMMIT",
    "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; ROLLBACK",
    "BEGIN; CREATE TEMP TABLE t (i int); ROLLBACK",
    "BEGIN; CREATE TEMP TABLE t (i int) ON COMMIT DROP; COMMIT",
    "CREATE TEMP TABLE t (i int) ON COMMIT DROP",
    "NOTIFY a",
    "SET work_mem = '100kB'",
];

#[tokio::test]
async fn what_ends_with_its_transaction_is_not_told() {
    let database = Database::new();
    let mut gateway = client(&database).await;
    for statement in NOTHING_LEFT {
        assert_eq!(told_behind(&mut gateway, statement, RESIDUE).await, None, "{statement}");
    }
    let mut expect = async |statement: &str, expected: Option<&str>| {
        let seen = told_behind(&mut gateway, statement, RESIDUE).await;
        assert_eq!(seen.as_deref(), expected, "{statement}");
    };
    expect(
        "BEGIN; SAVEPOINT s; LISTEN a; RELEASE s; SAVEPOINT s; ROLLBACK TO s; COMMIT",
        Some("listen"),
    )
    .await;
    expect("BEGIN; UNLISTEN *; ROLLBACK", None).await;
    expect("CREATE TEMP TABLE t (i int)", Some("listen,temporary")).await;
    expect("BEGIN; DROP TABLE t; ROLLBACK", None).await;
    expect("BEGIN; DISCARD TEMP; ROLLBACK", None).await;
    expect("INSERT INTO t VALUES (1)", None).await;
    expect(
        "PREPARE p AS SELECT 1; SELECT pg_advisory_lock(1)",
        Some("advisory_locks,listen,prepared,temporary"),
    )
    .await;
    expect("DISCARD ALL", Some("")).await;
}

#[tokio::test]
async fn nobody_else_is_told() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let mut application = Wire::connect(&tenants.application).await;
    application.query("SELECT tenancy.enter('acme')").await.unwrap();
    let mut gateway = Gateway::connect(&database).await;
    gateway.switch_for("acme", "session", "").await;
    gateway.switch("acme").await;
    for wire in [&mut application, &mut gateway.wire] {
        let leaves = LEFT.iter().map(|(leaves, _, ways_back)| (*leaves, ways_back[0]));
        for (leaves, back) in leaves.chain([("SET work_mem = '100kB'", "RESET work_mem")]) {
            for sql in [leaves, back] {
                let replies = wire.ask(Request::new().query(sql)).await;
                assert_eq!(state_of(&replies), None, "{sql}: {replies:?}");
                assert_eq!(told(&replies, SETTINGS), None, "{sql}");
                assert_eq!(told(&replies, RESIDUE), None, "{sql}");
            }
        }
    }
}
