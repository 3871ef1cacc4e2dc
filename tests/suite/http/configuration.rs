//! `tenancy config check`: what it says of a file, and that it never shows a password.

use std::fs;
use std::process::{Command, Output};

use tenancy_tests::cluster::target_dir;
use tenancy_tests::login::unique;

#[test]
fn a_good_configuration_is_called_valid_and_shows_no_password() {
    let checked = check(
        "base_domains = ['shop.example']\n[listen]\nhttp = '127.0.0.1:1'\n\
         [data]\ndsn = 'postgres://gate:hunter2@127.0.0.1/app'\n\
         [registry]\ndsn = 'host=/run/postgresql user=reader password=hunter2 dbname=app'\n",
    );
    let printed = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{checked:?}");
    assert!(printed.contains("the configuration is valid") && printed.contains("gate@"));
    assert!(!format!("{checked:?}").contains("hunter2"), "{checked:?}");
}

#[test]
fn a_bad_configuration_is_refused_with_the_key_and_without_the_password() {
    const DSN: &str = "[data]\ndsn = 'postgres://a:hunter2@h/d'\n\
                       [registry]\ndsn = 'postgres://b:hunter2@h/d'\n";
    let good = |line: &str| format!("{line}\n{DSN}");
    for (text, said) in [
        (String::new(), "data.dsn"),
        (good("speed = 1"), "line 1: unknown field `speed`"),
        (good("base_domains = 'shop.example'"), "line 1"),
        (good("base_domains = ['shop_example!']"), "base_domains"),
        (good("tenant_header = 'X-Tenant'"), "trusted_proxies"),
        (good("tenant_header = 'Host'\ntrusted_proxies = ['127.0.0.1']"), "tenant_header"),
        (good("authentication = 'maybe'"), "authentication"),
        (good("authentication = 'none'\n[listen]\nhttp = '0.0.0.0:80'"), "loopback"),
        (good("authentication = 'none'\n[listen]\nhttp = '[::]:80'"), "loopback"),
        (good("[listen]\nhttp = 'localhost'"), "listen.http"),
        (good("[timeouts]\nrequest = 'soon'"), "timeouts.request"),
        (good("[limits]\nbody_bytes = 0"), "limits.body_bytes"),
        (good("authentication = 'none'\n[listen]\npostgres = '0.0.0.0:6432'"), "loopback"),
        (good("[listen]\npostgres = '6432'"), "listen.postgres"),
        (good("[timeouts]\nlogin = '0s'"), "timeouts.login"),
        (good("[postgres.tls]\nmode = 'require'"), "postgres.tls.mode"),
        (good("[postgres.tls]\ncertificate_dir = '/nowhere/at/all'"), "/nowhere/at/all"),
        (good("[postgres.tls]\ncertificates = [{ cert = '/no.crt', key = '/no.key' }]"), "/no.crt"),
        (DSN.replace("postgres://a", "mysql://a"), "data.dsn"),
        (DSN.replace("@h/d'", "@h/d?sslmode=require'"), "not encrypted"),
        (DSN.replace("'postgres://a:hunter2@h/d'", "'postgres://a:hunter2@h/d"), "line 2"),
        (format!("{DSN}password = 'hunter2'\n"), "registry.dsn"),
    ] {
        let checked = check(&text);
        let error = String::from_utf8_lossy(&checked.stderr);
        assert!(!checked.status.success(), "{text}");
        assert!(error.contains(said), "{text}\n{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

fn check(text: &str) -> Output {
    let file = std::env::temp_dir().join(format!("{}.toml", unique("tenancy")));
    fs::write(&file, text).unwrap();
    let mut command = Command::new(target_dir().join("debug/tenancy"));
    let output = command.args(["config", "check", "--config"]).arg(&file).output().unwrap();
    fs::remove_file(&file).unwrap();
    output
}
