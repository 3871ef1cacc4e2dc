//! The list names every key, shows no password, and knows what can be taken over.

use super::*;
use crate::config::Source;
use std::collections::BTreeSet;

/// A configuration with every key set to something that is not its default.
fn other() -> Config {
    let flags = [
        ("authentication", "none"),
        ("base_domains", "a.example"),
        ("tenant_header", "x-tenant"),
        ("trusted_proxies", "10.0.0.0/8"),
        ("password_cache_ttl", "1s"),
        ("listen.http", "127.0.0.1:1"),
        ("listen.postgres", "127.0.0.1:2"),
        ("listen.admin", "off"),
        ("postgres.threads", "3"),
        ("postgres.pool_size", "30"),
        ("postgres.pool_size_per_tenant", "3"),
        ("postgres.queue_per_tenant", "4"),
        ("postgres.clients", "5"),
        ("postgres.clients_per_tenant", "6"),
        ("postgres.transactions_per_second", "7"),
        ("postgres.recycle_tenants", "8"),
        ("postgres.prepared_statements", "9"),
        ("postgres.session_logins", "a"),
        ("postgres.admin_logins", "b"),
        ("postgres.ignore_startup_parameters", "c"),
        ("postgres.peer_id", "1"),
        ("postgres.peers", "1=127.0.0.1:2,2=b.example:2"),
        ("postgres.tls.mode", "allow"),
        ("postgres.tls.certificates", "a:b"),
        ("data.dsn", "postgresql://other@127.0.0.1/other"),
        ("data.pool_size", "11"),
        ("data.lifetime", "1s"),
        ("registry.dsn", "postgresql://other@127.0.0.1/other"),
        ("registry.pool_size", "12"),
        ("routes.cache_size", "13"),
        ("routes.ttl", "14s"),
        ("routes.negative_ttl", "15s"),
        ("limits.body_bytes", "16"),
        ("limits.result_bytes", "17000"),
        ("limits.login_failures_per_minute", "18"),
        ("timeouts.login", "19s"),
        ("timeouts.connect", "20s"),
        ("timeouts.checkout", "21s"),
        ("timeouts.request", "22s"),
        ("timeouts.drain", "23s"),
        ("metrics.tenants", "24"),
        ("log.format", "json"),
        ("log.level", "debug"),
    ];
    let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let environment =
        [("TENANCY_DATA_PASSWORD", "hunter2"), ("TENANCY_REGISTRY_PASSWORD", "hunter3")];
    let source = Source {
        file: None,
        environment: environment.map(own).into(),
        flags: flags.map(own).into(),
    };
    Config::load(&source).unwrap()
}

#[test]
fn every_key_is_listed_and_no_password() {
    let listed: BTreeSet<_> = other().entries().iter().map(|entry| entry.key).collect();
    let known = raw::KEYS.iter().map(|(key, _)| *key);
    let known: BTreeSet<_> = known.filter(|key| !key.ends_with("password_file")).collect();
    assert_eq!(listed, known);
    assert!(!format!("{:?}", other().entries()).contains("hunter"));
    for key in RELOADABLE {
        assert!(known.contains(key), "{key}");
    }
}

#[test]
fn what_can_be_taken_over_is_and_the_rest_is_named() {
    let other = other();
    let mut running = Config::defaults().unwrap();
    let waiting: BTreeSet<_> = running.take_over(&other).into_iter().collect();
    for entry in other.entries() {
        // Those that are the same: nothing was given, or a folder instead of files.
        if entry.value != entry.default {
            assert_eq!(waiting.contains(entry.key), !entry.is_reloadable, "{}", entry.key);
        }
    }
    assert!(waiting.contains("data.password"));
    assert_eq!(running.take_over(&running.clone()), Vec::<&str>::new());
}

#[test]
fn defaults_stand_beside_values() {
    let entries = other().entries();
    let find = |key| entries.iter().find(|entry: &&Entry| entry.key == key).unwrap();
    let clients = find("postgres.clients");
    assert_eq!((&*clients.value, &*clients.default), ("5", "10000"));
    assert_eq!((&*find("data.dsn").default, &*find("data.password").value), ("", HIDDEN));
    assert_eq!(find("timeouts.drain").default, "30s");
    assert_eq!(find("postgres.peers").value, "2=b.example:2");
}
