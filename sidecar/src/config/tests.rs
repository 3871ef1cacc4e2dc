//! The configuration's rules, one test each.

use super::*;
use std::io::Write;

const MINIMAL: &str = r#"
[data]
dsn = "postgresql://gate@127.0.0.1:5432/app"
[registry]
dsn = "host=/run/postgresql user=routes dbname=app port=5433"
"#;

struct File(std::path::PathBuf);

impl File {
    fn new(text: &str) -> Self {
        let name = format!("tenancy-config-{:016x}.toml", rand::random::<u64>());
        let path = std::env::temp_dir().join(name);
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn load(text: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, Error> {
    let file = File::new(text);
    let own = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    };
    Config::load(&Source {
        file: Some(file.0.clone()),
        environment: own(environment),
        flags: own(flags),
    })
}

fn refusal(text: &str) -> String {
    load(text, &[], &[]).unwrap_err().to_string()
}

#[test]
fn two_servers_are_all_that_is_needed() {
    let config = load(MINIMAL, &[], &[]).unwrap();
    assert_eq!(config.listen_http.to_string(), "127.0.0.1:8080");
    assert_eq!(config.authentication, Authentication::Password);
    assert_eq!(config.limits.body_bytes, 10 * 1024 * 1024);
    assert_eq!(config.data.dsn.host(), Some("127.0.0.1"));
    assert_eq!(
        config.registry.dsn.socket().unwrap().to_str(),
        Some("/run/postgresql/.s.PGSQL.5433")
    );
}

#[test]
fn the_environment_wins_over_the_file_and_a_flag_over_both() {
    let text = format!("base_domains = ['a.example']\n[listen]\nhttp = '127.0.0.1:1'\n{MINIMAL}");
    let environment =
        [("TENANCY_LISTEN_HTTP", "127.0.0.1:2"), ("TENANCY_BASE_DOMAINS", "b.example, c.example")];
    let config = load(&text, &environment, &[]).unwrap();
    assert_eq!(config.listen_http.port(), 2);
    assert_eq!(config.base_domains.len(), 2);
    let config = load(&text, &environment, &[("listen.http", "127.0.0.1:3")]).unwrap();
    assert_eq!(config.listen_http.port(), 3);
}

#[test]
fn unknown_keys_are_errors_with_their_line() {
    assert!(refusal(&format!("{MINIMAL}\nspeed = 3")).contains("line 7: unknown field `speed`"));
    let flag = load(MINIMAL, &[], &[("listen.htpp", "x")]).unwrap_err();
    assert!(flag.to_string().contains("unknown configuration key"));
}

#[test]
fn authentication_none_is_for_loopback_only() {
    let open = format!("authentication = 'none'\n[listen]\nhttp = '0.0.0.0:8080'\n{MINIMAL}");
    assert!(refusal(&open).contains("loopback"));
    let shut = format!("authentication = 'none'\n[listen]\nhttp = '[::1]:0'\n{MINIMAL}");
    assert!(load(&shut, &[], &[]).is_ok());
}

#[test]
fn values_that_cannot_be_used_are_named_by_their_key() {
    for (lines, key) in [
        ("[listen]\nhttp = 'localhost'", "listen.http"),
        ("authentication = 'trust'", "authentication"),
        ("base_domains = ['127.0.0.1']", "base_domains"),
        ("tenant_header = 'X-Tenant'", "tenant_header"),
        ("tenant_header = 'Host'\ntrusted_proxies = ['10.0.0.0/8']", "tenant_header"),
        ("trusted_proxies = ['ten']", "trusted_proxies"),
        ("password_cache_ttl = 'soon'", "password_cache_ttl"),
        ("[limits]\nbody_bytes = 0", "limits.body_bytes"),
        ("[limits]\nbody_bytes = 2000000000", "limits.body_bytes"),
        ("[limits]\nresult_bytes = 100", "limits.result_bytes"),
        ("[routes]\ncache_size = 0", "routes.cache_size"),
        ("[routes]\nttl = '2y'", "routes.ttl"),
        ("password_cache_ttl = '100000y'", "password_cache_ttl"),
        ("[timeouts]\nconnect = '0s'", "timeouts.connect"),
        ("[timeouts]\ncheckout = '999us'", "timeouts.checkout"),
        ("[timeouts]\nrequest = '400d'", "timeouts.request"),
        ("[log]\nformat = 'xml'", "log.format"),
        ("[log]\nlevel = 'tenancy=loud'", "log.level"),
    ] {
        let message = refusal(&format!("{lines}\n{MINIMAL}"));
        assert!(message.contains(&format!("\"{key}\"")), "{lines}: {message}");
    }
}

#[test]
fn a_server_needs_one_host_a_login_and_no_tls() {
    for (dsn, why) in [
        ("postgresql://127.0.0.1/app", "no login"),
        ("user=x dbname=y", "no host"),
        ("postgresql://u@a,b/app", "more than one host"),
        ("postgresql://u@a/app?sslmode=require", "sslmode"),
        ("nonsense", "neither"),
    ] {
        let message = refusal(&MINIMAL.replace("postgresql://gate@127.0.0.1:5432/app", dsn));
        assert!(message.contains("data.dsn") && message.contains(why), "{dsn}: {message}");
    }
}

#[test]
fn a_password_comes_from_one_place_and_never_from_a_flag() {
    let file = File::new("from file\n");
    let path = file.0.to_str().unwrap();
    let given = [("TENANCY_DATA_PASSWORD_FILE", path)];
    let config = load(MINIMAL, &given, &[]).unwrap();
    assert_eq!(config.data.dsn.password().as_deref(), Some("from file"));
    let both = [("TENANCY_DATA_PASSWORD_FILE", path), ("TENANCY_DATA_PASSWORD", "x")];
    assert!(load(MINIMAL, &both, &[]).is_err());
    let twice = MINIMAL.replace("gate@", "gate:in-dsn@");
    assert!(load(&twice, &[("TENANCY_DATA_PASSWORD", "x")], &[]).is_err());
    assert!(load(MINIMAL, &[], &[("data.password", "x")]).is_err());
}

#[test]
fn no_message_and_no_debug_output_shows_a_password() {
    let text = MINIMAL.replace("gate@", "gate:hunter2@");
    assert!(!format!("{:?}", load(&text, &[], &[]).unwrap()).contains("hunter2"));
    let broken = MINIMAL.replace("postgresql://gate@", "mysql://gate:hunter2@");
    assert!(!refusal(&broken).contains("hunter2"));
    assert!(!refusal("[data]\npassword = \"hunter2\nx").contains("hunter2"));
}

#[test]
fn a_pool_has_a_size_that_can_be_had() {
    for (size, is_fine) in [("0", false), ("1", true), ("10000", true), ("10001", false)] {
        for key in ["data.pool_size", "registry.pool_size"] {
            assert_eq!(load(MINIMAL, &[], &[(key, size)]).is_ok(), is_fine, "{key} {size}");
        }
    }
    assert!(load(MINIMAL, &[], &[("data.pool_size", "9223372036854775807")]).is_err());
}

#[test]
fn zero_is_possible_where_it_means_not_at_all() {
    for key in ["password_cache_ttl", "routes.ttl", "routes.negative_ttl", "timeouts.drain"] {
        assert!(load(MINIMAL, &[], &[(key, "0s")]).is_ok(), "{key}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_not_shown() {
    for line in [
        "[data]\npassword = 2580013",
        "[data]\npassword = 2580013.5",
        "[data]\npassword = ['2580013']",
        "[data]\npassword = { a = 2580013 }",
        "[data]\npassword = 2580013x",
        "[data]\npassword = x2580013",
        "[data]\npassword = '2580013",
        "[data]\npool_size = 'postgresql://gate:2580013@127.0.0.1/app'",
        "data = 'postgresql://gate:2580013@127.0.0.1/app'",
    ] {
        let message = refusal(line);
        assert!(!message.contains("2580013"), "{line}: {message}");
        assert!(message.contains("line "), "{line}: {message}");
    }
}

#[test]
fn the_example_file_can_be_used() {
    let example = include_str!("../../tenancy.example.toml");
    load(example, &[], &[]).unwrap();
}

#[test]
fn the_postgres_face_listens_on_this_machine_unless_it_is_told_otherwise() {
    let listens = |value| load(MINIMAL, &[("TENANCY_LISTEN_POSTGRES", value)], &[]);
    let config = load(MINIMAL, &[], &[]).unwrap();
    assert_eq!(config.postgres.listen, Some("127.0.0.1:6432".parse().unwrap()));
    assert_eq!(listens("off").unwrap().postgres.listen, None);
    assert!(listens("").is_err() && listens("6432").is_err() && listens("OFF").is_err());
    let elsewhere = listens("0.0.0.0:6432").unwrap();
    assert_eq!(elsewhere.postgres.listen, Some("0.0.0.0:6432".parse().unwrap()));
}

#[test]
fn tls_is_on_and_required_where_certificates_are() {
    let tls = |keys: &[(&str, &str)]| load(MINIMAL, &[], keys).map(|config| config.postgres.tls);
    let is_required = |keys: &[(&str, &str)]| tls(keys).unwrap().map(|tls| tls.is_required);
    let (mode, named) = ("postgres.tls.mode", ("postgres.tls.certificates", "a.pem:a.key, b:c"));
    let folder = ("postgres.tls.certificate_dir", "/etc/tenancy/tls");
    assert_eq!(is_required(&[]), None);
    assert_eq!(is_required(&[(mode, "off"), named]), None);
    assert_eq!(is_required(&[(mode, "allow"), named]), Some(false));
    assert_eq!(is_required(&[folder]), Some(true));
    let files = vec![("a.pem".into(), "a.key".into()), ("b".into(), "c".into())];
    let found = tls(&[named]).unwrap().unwrap().certificates;
    assert_eq!(found, CertificateFiles::Named(files));
    assert!(tls(&[named, folder]).is_err());
    for keys in [(mode, "require"), (mode, "allow"), (mode, "prefer"), (named.0, "a.pem")] {
        assert!(tls(&[keys]).is_err(), "{keys:?}");
    }
    let file = format!("{MINIMAL}[postgres.tls]\ncertificates = [{{ cert = 'a', key = 'b' }}]\n");
    assert!(load(&file, &[], &[]).unwrap().postgres.tls.is_some());
    assert!(load(&file.replace("key = 'b'", ""), &[], &[]).is_err());
    let environment = [("TENANCY_POSTGRES_TLS_MODE", "allow")];
    assert!(!load(&file, &environment, &[]).unwrap().postgres.tls.unwrap().is_required);
}

#[test]
fn without_authentication_no_face_listens_to_other_machines() {
    for key in ["listen.http", "listen.postgres"] {
        let set = [("authentication", "none"), (key, "192.0.2.1:1")];
        assert!(load(MINIMAL, &[], &set).unwrap_err().to_string().contains("192.0.2.1:1"), "{key}");
    }
    assert!(load(MINIMAL, &[], &[("authentication", "none")]).is_ok());
}

#[test]
fn lists_of_logins_and_parameters_hold_names() {
    let set = [("postgres.session_logins", "a, b"), ("postgres.ignore_startup_parameters", "x")];
    let postgres = load(MINIMAL, &[], &set).unwrap().postgres;
    assert_eq!(postgres.session_logins, ["a", "b"]);
    assert_eq!(postgres.ignore_startup_parameters, ["x"]);
    let empty = format!("{MINIMAL}[postgres]\nadmin_logins = ['']\n");
    assert!(refusal(&empty).contains("postgres.admin_logins"));
}
