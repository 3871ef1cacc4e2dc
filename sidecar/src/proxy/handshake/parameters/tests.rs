//! Start packets as drivers send them, and as nobody should.

use super::*;
use std::time::Duration;

fn rules() -> Settings {
    Settings {
        encryption: None,
        patience: Duration::from_secs(1),
        database: "app".into(),
        session_logins: vec!["migrator".into()],
        admin_logins: vec![],
        ignored_parameters: vec!["Extra".into()],
        failures_per_minute: 0,
    }
}

fn read(parameters: &[(&str, &str)]) -> Result<Wanted> {
    let named = |(name, value): &(&str, &str)| Parameter {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    Wanted::read(&parameters.iter().map(named).collect::<Vec<_>>(), None, &rules())
}

fn wanted(parameters: &[(&str, &str)]) -> Wanted {
    read(&[&[("user", "alice")], parameters].concat()).unwrap()
}

fn refusal(parameters: &[(&str, &str)]) -> Refusal {
    read(&[&[("user", "alice")], parameters].concat()).unwrap_err()
}

fn name(name: &str) -> Key {
    Key::Name(TenantName::parse(name).unwrap())
}

fn host(name: &str) -> Key {
    Key::Hostname(Hostname::parse(name).unwrap())
}

#[test]
fn a_database_names_a_tenant_or_a_hostname() {
    let target = |database| wanted(&[("database", database)]).target;
    assert_eq!(target("acme"), Target::default().and(DATABASE, name("acme"), true));
    assert_eq!(target("Acme.Example"), Target::default().and(DATABASE, host("acme.example"), true));
    for neither in ["ACME", "a b", "..", "127.0.0.1", "é", "select"] {
        assert_eq!(
            target(neither),
            Target::default().and(DATABASE, Key::Neither, true),
            "{neither}"
        );
    }
}

#[test]
fn the_server_s_own_database_names_nobody() {
    for parameters in [&[][..], &[("database", "")], &[("database", "app")]] {
        assert_eq!(wanted(parameters).target, Target::default());
    }
}

#[test]
fn a_database_that_is_the_login_may_lead_nowhere() {
    let target = wanted(&[("database", "alice")]).target;
    assert_eq!(target, Target::default().and(DATABASE, name("alice"), false));
}

#[test]
fn the_host_that_tls_told_may_be_our_own() {
    let parameters = [Parameter { name: "user".into(), value: "alice".into() }];
    let called = Hostname::parse("acme.example").unwrap();
    let target = Wanted::read(&parameters, Some(called), &rules()).unwrap().target;
    assert_eq!(target, Target::default().and(SERVER_NAME, host("acme.example"), false));
}

#[test]
fn the_console_is_no_tenant() {
    let console = wanted(&[("database", CONSOLE)]);
    assert_eq!((console.database.as_deref(), console.target), (Some(CONSOLE), Target::default()));
}

#[test]
fn options_name_a_tenant_and_the_pooling() {
    let both = wanted(&[("options", "-c tenancy.tenant=acme --tenancy.pooling=Session")]);
    assert_eq!(both.target, Target::default().and(TENANT, name("acme"), true));
    assert_eq!(both.pooling, Pooling::Session);
    assert_eq!(both.settings, []);
    let apart = wanted(&[("tenancy.tenant", "acme"), ("database", "globex")]);
    let expected = Target::default().and(DATABASE, name("globex"), true);
    assert_eq!(apart.target, expected.and(TENANT, name("acme"), true));
    assert_eq!(apart.pooling, Pooling::Transaction);
    let twice = [("options", "-c tenancy.tenant=acme"), ("tenancy.tenant", "globex")];
    assert_eq!(refusal(&twice).code, "22023");
    assert_eq!(refusal(&[("tenancy.pooling", "statement")]).code, "22023");
    let empty = wanted(&[("tenancy.tenant", "")]).target;
    assert_eq!(empty, Target::default().and(TENANT, Key::Neither, true));
}

#[test]
fn a_login_may_have_sessions_by_default() {
    let pooling =
        |more: &[(&str, &str)]| read(&[&[("user", "migrator")], more].concat()).unwrap().pooling;
    assert_eq!(pooling(&[]), Pooling::Session);
    assert_eq!(pooling(&[("tenancy.pooling", "transaction")]), Pooling::Transaction);
}

#[test]
fn what_drivers_ask_for_is_handed_on_in_order() {
    let wanted = wanted(&[
        ("client_encoding", "UTF8"),
        ("datestyle", "ISO"),
        ("timezone", "Europe/Berlin"),
        ("application_name", "shop"),
        ("options", "-c statement_timeout=5s --lock-timeout=1s"),
        ("EXTRA", "1"),
        ("_pq_.x", "1"),
    ]);
    let settings: Vec<_> =
        wanted.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [
        ("statement_timeout", "5s"),
        ("lock_timeout", "1s"),
        ("DateStyle", "ISO"),
        ("TimeZone", "Europe/Berlin"),
        ("application_name", "shop"),
        ("client_encoding", "UTF8"),
    ];
    assert_eq!(settings, expected);
    assert_eq!(wanted.application_name, "shop");
}

#[test]
fn what_is_not_listed_is_refused_by_name() {
    for (parameter, in_options) in [
        ("search_path", true),
        ("SEARCH_PATH", true),
        ("role", true),
        ("session_authorization", true),
        ("tenancy.guard", true),
        ("tenancy.tenants", true),
        ("session_preload_libraries", true),
        ("local_preload_libraries", true),
        ("is_superuser", true),
        ("log_statement", true),
        ("", false),
        ("x y", false),
    ] {
        let direct = refusal(&[(parameter, "x")]);
        assert_eq!(direct.code, "22023", "{parameter}");
        assert!(direct.message.contains(&format!("\"{parameter}\"")), "{}", direct.message);
        assert!(direct.hint.is_some());
        let options = format!("-c {parameter}=x");
        assert!(!in_options || refusal(&[("options", &options)]).code == "22023", "{parameter}");
    }
}

#[test]
fn no_setting_of_the_list_is_one_that_is_fixed() {
    for fixed in ["search_path", "role", "Session_Authorization"] {
        assert_eq!(verdict(fixed), Verdict::Fixed);
    }
    assert_eq!(verdict("timezone"), Verdict::Allowed("TimeZone"));
}

#[test]
fn options_of_another_form_are_refused() {
    for options in ["-d 5", "-c", "-c x", "--x", "x=1", "-P", "-S", "-r /etc/passwd"] {
        assert_eq!(refusal(&[("options", options)]).code, "22023", "{options}");
    }
}

#[test]
fn replication_is_refused_in_every_spelling() {
    for value in ["true", "on", "1", "database", "DATABASE", "yes", "x", ""] {
        assert_eq!(refusal(&[("replication", value)]).code, "0A000", "{value}");
    }
    for value in ["false", "OFF", "no", "0"] {
        assert_eq!(wanted(&[("replication", value)]).settings, []);
    }
}

#[test]
fn a_login_is_needed_and_nothing_of_the_protocol_s_own_twice() {
    for none in [&[][..], &[("user", "")], &[("database", "acme")]] {
        assert_eq!(read(none).unwrap_err().code, "28000");
    }
    for (name, value) in [("user", "bob"), ("database", "x"), ("options", ""), ("replication", "0")]
    {
        let twice = [("database", "acme"), ("options", ""), ("replication", "0"), (name, value)];
        assert_eq!(refusal(&twice).code, "08P01", "{name}");
    }
}
