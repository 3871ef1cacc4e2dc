//! A tenant that is after the seal: statement names, cursors and everything else that the gateway
//! could be made to run under another meaning.

use super::{Gateway, state_of};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::Request;

/// Names that a gateway might use, the unnamed statement's among them.
const NAMES: [&str; 7] = ["s0", "s1", "switch", "tenancy.switch", "tenancy_switch", "", "S_1"];

/// Everything that could answer to a name in place of what the gateway means.
async fn squat(gateway: &mut Gateway) {
    gateway.run("DEALLOCATE ALL").await;
    for name in NAMES.into_iter().filter(|name| !name.is_empty()) {
        gateway.run(&format!("PREPARE \"{name}\"(text, text) AS SELECT $1 || $2")).await;
        gateway
            .run(&format!("DECLARE \"{name}\" CURSOR WITH HOLD FOR SELECT current_query()"))
            .await;
    }
    for function in [
        "switch(text, text",
        "switch(text, text, text, text",
        "seal(text, text",
        "enter(text, text",
    ] {
        gateway
            .run(&format!(
                "CREATE FUNCTION pg_temp.{function}) RETURNS text LANGUAGE plpgsql AS
                 $$ BEGIN CREATE TEMP TABLE IF NOT EXISTS loot AS SELECT $1 AS seal, $2 AS tenant;
                          RETURN $1; END $$"
            ))
            .await;
    }
    gateway.run("CREATE TEMP TABLE loot (seal text)").await;
    gateway.run("SET search_path = pg_temp, tenancy, public").await;
}

/// Everything that a session may see of statements, its own and others'.
const SIGHTS: [&str; 6] = [
    "SELECT coalesce(string_agg(name || statement || parameter_types::text, ' '), '') FROM pg_prepared_statements",
    "SELECT coalesce(string_agg(name || statement, ' '), '') FROM pg_cursors",
    "SELECT coalesce(string_agg(query, ' '), '') FROM pg_stat_activity",
    "SELECT current_query()",
    "SELECT coalesce(string_agg(s::text, ' '), '') FROM pg_settings s",
    "SELECT coalesce(string_agg(relname, ' '), '') FROM pg_class WHERE pg_table_is_visible(oid) AND relnamespace = pg_my_temp_schema()",
];

#[tokio::test]
async fn a_tenant_that_squats_on_every_name_gets_no_seal() {
    let database = Database::new();
    Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    let seal = gateway.seal.clone();
    for way_out in ["SELECT 1", "ROLLBACK", "DISCARD ALL", "RESET ROLE", "SELECT 1/0"] {
        gateway.switch("acme").await;
        squat(&mut gateway).await;
        let _ = gateway.wire.query(way_out).await;
        for (at, next) in ["globex", "acme", "acme"].into_iter().enumerate() {
            match at {
                0 => _ = gateway.switch(next).await,
                _ => _ = gateway.switch_for(next, "session", "").await,
            }
            for sight in SIGHTS {
                let seen = gateway.text(sight).await;
                assert!(!seen.contains(&seal), "{next} after {way_out}: {sight}");
                assert!(
                    !seen.contains("loot") || sight.contains("query"),
                    "{next}: {sight}: {seen}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_seal_is_in_no_view_of_the_superuser_and_not_in_the_log() {
    let database = Database::new();
    Tenants::create(&database, &["acme", "globex"]).await;
    let superuser = database.superuser().await;
    superuser.run(&format!("ALTER DATABASE {} SET log_statement = 'all'", database.name())).await;
    superuser
        .run(&format!("ALTER DATABASE {} SET log_min_duration_statement = 0", database.name()))
        .await;
    let mut gateway = Gateway::connect(&database).await;
    let seal = gateway.seal.clone();
    gateway.switch("acme").await;
    let failed = gateway.wire.ask(gateway.call(&seal, Some("nobody"))).await;
    assert_eq!(state_of(&failed), Some("3D000"));
    gateway.switch("globex").await;
    let look = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%' || $1 || '%'";
    // As a parameter: the look itself must not be what is found.
    let seen: i64 = superuser.query_one(look, &[&seal]).await.unwrap().get(0);
    assert_eq!(seen, 0);
    let log = database.cluster().log();
    assert!(log.contains("fastpath function call"), "nothing was logged");
    let with_parameters = log.lines().filter(|line| line.contains(&seal));
    // PostgreSQL logs the parameters of what it logs by duration; that is the sealing statement,
    // and the administrator who turned this on reads passwords there as well.
    let others: Vec<_> = with_parameters.filter(|line| !line.contains("$1 = ")).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[tokio::test]
async fn the_next_tenant_finds_nothing_under_a_squatted_name() {
    let database = Database::new();
    Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    gateway.switch("acme").await;
    squat(&mut gateway).await;
    gateway.switch("globex").await;
    for name in NAMES.into_iter().filter(|name| !name.is_empty()) {
        let request = Request::new().bind(name, &[Some("a"), Some("b")]).execute().sync();
        assert_eq!(state_of(&gateway.wire.ask(request).await), Some("26000"), "{name}");
        assert_eq!(gateway.refusal(&format!("EXECUTE \"{name}\"('a', 'b')")).await, "26000");
        assert_eq!(gateway.refusal(&format!("FETCH \"{name}\"")).await, "34000");
    }
    assert_eq!(gateway.refusal("SELECT * FROM pg_temp.loot").await, "42P01");
    assert_eq!(gateway.refusal("SELECT pg_temp.switch('a', 'b')").await, "42883");
    assert_eq!(gateway.text("SELECT body FROM note").await, "globex");
}

#[tokio::test]
async fn guessing_the_seal_costs_the_connection_its_tenant() {
    let database = Database::new();
    Tenants::create(&database, &["acme", "globex"]).await;
    let mut gateway = Gateway::connect(&database).await;
    for guess in [
        "SELECT tenancy.switch('a guess of the tenant', 'globex')",
        "SELECT tenancy.switch(NULL, NULL)",
        "SELECT tenancy.switch('a guess of the tenant', 'globex', 'session', '')",
        "SELECT tenancy.switch(NULL, NULL, NULL, NULL)",
        "SELECT tenancy.switch('a guess of the tenant', 'globex', 'none', 'none')",
    ] {
        gateway.switch("acme").await;
        assert_eq!(gateway.refusal(guess).await, "28000");
        assert_eq!(gateway.refusal("SELECT 1").await, "42501");
    }
    gateway.switch("acme").await;
    let caught = "DO $$ BEGIN PERFORM tenancy.switch('a guess', 'globex');
                  EXCEPTION WHEN OTHERS THEN NULL; END $$";
    gateway.run(caught).await;
    assert_eq!(gateway.refusal("SELECT 1").await, "42501");
}
