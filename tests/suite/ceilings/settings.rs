//! PostgreSQL's own settings inside a tenant: lowered at will, raised by no road.

use tenancy_tests::database::Database;
use tenancy_tests::login::Login;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;

/// Settings with a ceiling: name, what the login has, more than that, and less.
const SETTINGS: [(&str, &str, &str, &str); 13] = [
    ("statement_timeout", "1min", "0", "1s"),
    ("idle_in_transaction_session_timeout", "1min", "2min", "1s"),
    ("idle_session_timeout", "1min", "0", "1s"),
    ("lock_timeout", "1min", "0", "1s"),
    ("work_mem", "2MB", "1GB", "1MB"),
    ("maintenance_work_mem", "32MB", "1GB", "1MB"),
    ("hash_mem_multiplier", "1.5", "1000", "1"),
    ("temp_buffers", "4MB", "1GB", "1MB"),
    ("max_parallel_workers_per_gather", "1", "64", "0"),
    ("max_parallel_workers", "4", "64", "0"),
    ("join_collapse_limit", "8", "100", "1"),
    ("default_statistics_target", "100", "10000", "1"),
    ("debug_print_plan", "off", "on", "off"),
];

/// How a tenant may ask for more. `{n}`, `{v}` and `{l}` stand for name, value and a lower value.
const ROADS: [&str; 14] = [
    "SET {n} = '{v}'",
    "SET SESSION {n} TO '{v}'",
    "SELECT set_config('{n}', '{v}', false)",
    "SELECT set_config(name, '{v}', false) FROM pg_settings WHERE name = '{n}'",
    "UPDATE pg_settings SET setting = '{v}' WHERE name = '{n}'",
    "SET {n} = '{l}'; RESET {n}",
    "SET {n} = '{l}'; RESET ALL",
    "SET {n} = '{l}'; SET {n} TO DEFAULT",
    "SET {n} FROM CURRENT; RESET ALL",
    "BEGIN; SET LOCAL {n} = '{l}'; COMMIT",
    "BEGIN; SET {n} = '{l}'; ROLLBACK",
    "BEGIN; SAVEPOINT a; SET {n} = '{l}'; ROLLBACK TO a; COMMIT",
    "DO $$ BEGIN PERFORM set_config('{n}', '{v}', false); END $$",
    "DISCARD ALL",
];

async fn application(database: &Database<'_>, tenants: &Tenants) -> Login {
    let login = database.login(&[]);
    tenants.admin.run(&format!("SELECT tenancy.grant_login('{}', '*')", login.name())).await;
    for (name, value, _, _) in SETTINGS {
        let alter = format!("ALTER ROLE {} SET {name} = '{value}'", login.name());
        database.superuser_sql(&alter);
    }
    login
}

async fn shown(session: &Session, name: &str) -> String {
    session.text(&format!("SHOW {name}")).await
}

fn filled(road: &str, (name, _, more, less): (&str, &str, &str, &str)) -> String {
    road.replace("{n}", name).replace("{v}", more).replace("{l}", less)
}

/// One statement after the other, because some cannot share a message.
async fn attempt(session: &Session, sql: &str) {
    let statements = if sql.starts_with("DO") { vec![sql] } else { sql.split("; ").collect() };
    for statement in statements {
        let _ = session.batch_execute(statement).await;
    }
}

#[tokio::test]
async fn a_tenant_raises_no_setting_by_any_road() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let login = application(&database, &tenants).await;
    let session = login.connect().await;
    session.run("SELECT tenancy.enter('acme')").await;
    for setting in SETTINGS {
        for road in ROADS {
            attempt(&session, &filled(road, setting)).await;
            let after = shown(&session, setting.0).await;
            assert!([setting.1, setting.3].contains(&&*after), "{} {road}: {after}", setting.0);
        }
        attempt(&session, &format!("BEGIN; SET LOCAL {} = '{}'", setting.0, setting.2)).await;
        assert_eq!(shown(&session, setting.0).await, setting.1, "SET LOCAL");
        session.run("ROLLBACK").await;
    }
}

#[tokio::test]
async fn a_tenant_lowers_every_setting() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = application(&database, &tenants).await.connect().await;
    session.run("SELECT tenancy.enter('acme')").await;
    for (name, _, _, less) in SETTINGS {
        session.run(&format!("SET {name} = '{less}'")).await;
        assert_eq!(shown(&session, name).await, less, "{name}");
    }
    assert!(session.notices().is_empty(), "{:?}", session.notices());
}

#[tokio::test]
async fn asking_for_more_is_answered_by_a_notice_and_no_error() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = application(&database, &tenants).await.connect().await;
    session.run("SELECT tenancy.enter('acme')").await;
    session.run("SET statement_timeout = 0").await;
    let expected = "parameter \"statement_timeout\" is limited to 60000ms inside a tenant";
    assert_eq!(session.notices(), [expected]);
}

#[tokio::test]
async fn a_functions_set_clause_raises_nothing() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let login = application(&database, &tenants).await;
    database.superuser_sql(
        "CREATE FUNCTION public.hungry() RETURNS text LANGUAGE sql SET work_mem = '1GB'
         AS 'SELECT current_setting(''work_mem'')'",
    );
    let session = login.connect().await;
    assert_eq!(session.text("SELECT public.hungry()").await, "1GB");
    session.run("SELECT tenancy.enter('acme')").await;
    assert_eq!(session.text("SELECT public.hungry()").await, "2MB");
}

#[tokio::test]
async fn what_the_client_asked_for_when_it_connected_ends_at_the_tenants_door() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let login = application(&database, &tenants).await;
    let mut config = login.config();
    config.options("-c work_mem=1GB -c statement_timeout=0 -c geqo=off");
    let session = Session::open(&config).await;
    assert_eq!(shown(&session, "work_mem").await, "1GB");
    for enter in [
        "SELECT tenancy.enter('acme', seal => 'a-key-of-our-own-0')",
        "SELECT tenancy.enter_local('acme')",
    ] {
        session.run("BEGIN").await;
        session.run(enter).await;
        for reset in ["SELECT", "RESET work_mem", "RESET ALL", "SET work_mem TO DEFAULT"] {
            session.run(reset).await;
            let seen =
                (shown(&session, "work_mem").await, shown(&session, "statement_timeout").await);
            assert_eq!(seen, ("2MB".into(), "1min".into()), "{enter} {reset}");
            assert_eq!(shown(&session, "geqo").await, "on", "{enter} {reset}");
        }
        session.run("ROLLBACK").await;
        session.run("SELECT tenancy.leave('a-key-of-our-own-0')").await;
        let after = (shown(&session, "work_mem").await, shown(&session, "geqo").await);
        assert_eq!(after, ("1GB".into(), "off".into()), "outside it is the client's own again");
        session.run("SET work_mem = '2GB'; RESET work_mem").await;
        assert_eq!(shown(&session, "work_mem").await, "1GB");
    }
}

#[tokio::test]
async fn what_the_session_set_before_it_entered_comes_back_by_no_rollback() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let login = application(&database, &tenants).await;
    for before in ["SET work_mem = '1GB'", "SET LOCAL work_mem = '1MB'", "SET work_mem = '1MB'"] {
        for end in ["ROLLBACK", "COMMIT"] {
            let session = login.connect().await;
            session.run("SET work_mem = '2GB'").await;
            session.run(&format!("BEGIN; {before}")).await;
            session.run("SELECT tenancy.enter('acme')").await;
            session.run(end).await;
            let after = shown(&session, "work_mem").await;
            assert!(["1MB", "2MB"].contains(&&*after), "{before} {end}: {after}");
            session.run("RESET work_mem").await;
            assert_eq!(shown(&session, "work_mem").await, "2MB");
        }
    }
}

#[tokio::test]
async fn a_maximum_of_the_administrators_takes_the_place_of_the_logins_default() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let login = application(&database, &tenants).await;
    for (maximum, value) in
        [("work_mem", "64MB"), ("statement_timeout", "5s"), ("temp_file_limit", "1MB")]
    {
        database.superuser_sql(&format!(
            "ALTER DATABASE {} SET tenancy.max_{maximum} = '{value}'",
            database.name()
        ));
    }
    let session = login.connect().await;
    session.run("SELECT tenancy.enter('acme')").await;
    assert_eq!(shown(&session, "statement_timeout").await, "5s", "lower than the default");
    assert_eq!(shown(&session, "temp_file_limit").await, "1MB", "a limit where there was none");
    assert_eq!(shown(&session, "work_mem").await, "2MB", "higher than the default, on request");
    session.run("SET work_mem = '48MB'").await;
    assert_eq!(shown(&session, "work_mem").await, "48MB");
    session.run("SET work_mem = '128MB'").await;
    assert_eq!(shown(&session, "work_mem").await, "64MB");
    for attempt in ["SET tenancy.max_work_mem = '1GB'", "SET tenancy.max_temp_file_limit = -2"] {
        assert_eq!(session.refusal(attempt).await.code(), "42501", "{attempt}");
    }
}
