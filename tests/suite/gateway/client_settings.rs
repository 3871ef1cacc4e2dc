//! A client's settings, which the gateway hands to each switch: set in the tenant as by SET.

use super::failures::assert_refused;
use super::{Gateway, state_of};
use tenancy_core::carried;
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Reply, Request};

async fn gateway(database: &Database<'_>) -> Gateway {
    Tenants::create(database, &["acme", "globex"]).await;
    Gateway::connect(database).await
}

const SETTINGS: &[(&str, &str)] = &[
    ("TimeZone", "Europe/Vienna"),
    ("datestyle", "German, DMY"),
    ("work_mem", "1MB"),
    ("statement_timeout", "2500"),
    ("search_path", "pg_catalog"),
    ("app.text", "a \\ b\nc = \u{e9}"),
    ("client_encoding", "LATIN1"),
];

#[tokio::test]
async fn what_a_client_has_set_is_set_in_its_tenant() {
    let database = Database::new();
    let mut gateway = gateway(&database).await;
    let text = carried::encode(SETTINGS.iter().copied()).unwrap();
    for (pooling, tenant) in [("transaction", "acme"), ("session", "globex")] {
        gateway.switch_for(tenant, pooling, &text).await;
        assert_eq!(gateway.text("SHOW TimeZone").await, "Europe/Vienna");
        assert_eq!(gateway.text("SHOW DateStyle").await, "German, DMY");
        assert_eq!(gateway.text("SHOW work_mem").await, "1MB");
        assert_eq!(gateway.text("SHOW statement_timeout").await, "2500ms");
        assert_eq!(gateway.text("SHOW search_path").await, "pg_catalog");
        assert_eq!(gateway.text("SHOW client_encoding").await, "LATIN1");
        let as_set = "SELECT current_setting('app.text') = E'a \\\\ b\\nc = \\u00e9'";
        assert_eq!(gateway.text(as_set).await, "t");
        assert_eq!(gateway.text("SELECT tenancy.current()").await, tenant);
    }
}

#[tokio::test]
async fn the_settings_of_one_client_are_not_the_next_ones() {
    let database = Database::new();
    let mut gateway = gateway(&database).await;
    let plain = "SELECT string_agg(name || setting, ',' ORDER BY name) FROM pg_settings
                 WHERE name IN ('TimeZone', 'DateStyle', 'work_mem', 'statement_timeout', 'client_encoding')
                    OR source IN ('session', 'interactive')";
    gateway.switch("acme").await;
    let before = gateway.text(plain).await;
    let text = carried::encode(SETTINGS.iter().copied()).unwrap();
    for settings in ["", "TimeZone=UTC"] {
        gateway.switch_for("acme", "session", &text).await;
        assert_ne!(gateway.text(plain).await, before);
        gateway.switch_for("acme", "session", settings).await;
        gateway.run("RESET TimeZone").await;
        assert_eq!(gateway.text(plain).await, before);
    }
}

#[tokio::test]
async fn a_setting_that_is_reset_is_the_servers_again() {
    let database = Database::new();
    let mut gateway = gateway(&database).await;
    gateway.switch("acme").await;
    let default = gateway.text("SHOW work_mem").await;
    for reset in ["RESET work_mem", "RESET ALL", "DISCARD ALL", "SET work_mem TO DEFAULT"] {
        gateway.switch_for("acme", "session", "work_mem=100kB").await;
        assert_eq!(gateway.text("SHOW work_mem").await, "100kB");
        gateway.run(reset).await;
        assert_eq!(gateway.text("SHOW work_mem").await, default, "{reset}");
    }
    // And no rollback takes back what the switch has set.
    gateway.switch_for("acme", "session", "work_mem=100kB").await;
    gateway.run("BEGIN; SET work_mem = '200kB'; ROLLBACK").await;
    assert_eq!(gateway.text("SHOW work_mem").await, "100kB");
}

/// Pooling, settings, SQLSTATE.
const REFUSED: &[(&str, &str, &str)] = &[
    ("statement", "", "22023"),
    ("", "", "22023"),
    ("session", "work_mem", "22023"),
    ("session", "work_mem=1MB\n", "22023"),
    ("session", "app.x=\\x00", "22023"),
    ("session", "app.x=\\xff", "22021"),
    ("session", "work_mem=a lot", "22023"),
    ("session", "no_such_setting=1", "42704"),
    ("session", "not a name.x=1", "42602"),
    ("session", "tenancy.no_such_setting=1", "42602"),
    ("session", "tenancy.tenant=globex", "55P02"),
    ("session", "tenancy.max_advisory_locks=1000", "42501"),
    ("session", "role=postgres", "42501"),
    ("session", "role=none", "42501"),
    ("session", "session_authorization=default", "42501"),
    ("session", "session_replication_role=replica", "42501"),
    ("session", "log_statement=none", "42501"),
    ("session", "track_activities=off", "42501"),
    ("session", "max_connections=1", "55P02"),
    ("session", "shared_preload_libraries=x", "55P02"),
    ("session", "TimeZone=UTC\nTimeZone=nowhere", "22023"),
];

#[tokio::test]
async fn settings_that_a_tenant_could_not_set_are_refused_and_close() {
    let database = Database::new();
    let mut gateway = gateway(&database).await;
    for (pooling, settings, code) in REFUSED {
        gateway.switch("acme").await;
        let call = gateway.call_for("globex", pooling, settings);
        let failed = gateway.wire.ask(call.query("SELECT body FROM note")).await;
        assert_eq!(state_of(&failed), Some(*code), "{pooling} {settings:?}: {failed:?}");
        assert_refused(&mut gateway, settings).await;
        assert_eq!(gateway.refusal("SELECT 1").await, "42501", "{settings:?}");
        // Neither by a statement.
        gateway.switch("acme").await;
        let seal = gateway.seal.clone();
        let statement =
            format!("SELECT tenancy.switch('{seal}', 'globex', '{pooling}', $a${settings}$a$)");
        assert_eq!(gateway.refusal(&statement).await, *code, "{settings:?}");
        assert_eq!(gateway.refusal("SELECT 1").await, "42501", "{settings:?}");
    }
    gateway.switch("globex").await;
    assert_eq!(
        gateway.text("SHOW TimeZone").await,
        gateway.text("SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'").await
    );
}

#[tokio::test]
async fn a_refusal_says_what_postgresql_says() {
    let database = Database::new();
    let mut gateway = gateway(&database).await;
    let call = gateway.call_for("acme", "session", "TimeZone=nowhere");
    let failed = gateway.wire.ask(call).await;
    let Some(Reply::Error(error)) = failed.iter().find(|r| matches!(r, Reply::Error(_))) else {
        panic!("{failed:?}")
    };
    assert_eq!(error.message, "invalid value for parameter \"TimeZone\": \"nowhere\"");
}

#[tokio::test]
async fn a_switch_for_a_client_asks_for_the_seal_and_admits_as_any_other() {
    let database = Database::new();
    let mut gateway = gateway(&database).await;
    for (seal, tenant, code) in [
        ("another seal that is long enough", "acme", "28000"),
        (gateway.seal.clone().as_str(), "nobody", "3D000"),
        (gateway.seal.clone().as_str(), "1/999999", "40001"),
    ] {
        gateway.switch("acme").await;
        let arguments = [Some(seal), Some(tenant), Some("session"), None];
        let call = Request::new().function_call(gateway.switch_client, &arguments);
        let failed = gateway.wire.ask(call.query("SELECT body FROM note")).await;
        assert_eq!(state_of(&failed), Some(code), "{failed:?}");
        assert_refused(&mut gateway, tenant).await;
    }
    gateway.switch_for("acme", "session", "").await;
    gateway.run("BEGIN").await;
    let failed = gateway.wire.ask(gateway.call_for("globex", "session", "")).await;
    assert_eq!(state_of(&failed), Some("25001"), "{failed:?}");
    gateway.run("ROLLBACK").await;
    assert_eq!(gateway.refusal("SELECT 1").await, "42501");
    // Without a tenant it parks.
    gateway.switch_for("acme", "session", "").await;
    let arguments = [Some(gateway.seal.as_str()), None, Some("session"), None];
    let call = Request::new().function_call(gateway.switch_client, &arguments);
    assert!(gateway.wire.ask(call).await.contains(&Reply::Function(None)));
    assert_eq!(gateway.refusal("SELECT 1").await, "42501");
}

#[tokio::test]
async fn the_ceilings_hold_for_what_a_client_brings() {
    let database = Database::new();
    Tenants::create(&database, &["acme"]).await;
    let name = database.name();
    database.superuser_sql(&format!("ALTER DATABASE {name} SET tenancy.max_work_mem = '2MB'"));
    let mut gateway = Gateway::connect(&database).await;
    let told = gateway.switch_for("acme", "session", "work_mem=1GB").await;
    assert!(told.iter().any(|reply| matches!(reply, Reply::Notice(_))), "{told:?}");
    assert_eq!(gateway.text("SHOW work_mem").await, "2MB");
}
