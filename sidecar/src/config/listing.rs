//! The configuration as it is listed for people, key by key, and what of another one can be taken over
//! while the process runs. Passwords are compared and never shown.

use super::tls::{CertificateFiles, Tls};
use super::{Authentication, Config, LogFormat, Raw, raw};
use std::fmt::Display;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// In dotted form.
    pub key: &'static str,
    /// What it is.
    pub value: String,
    /// What it is where it is not given.
    pub default: String,
    /// Whether it can be changed while the process runs.
    pub is_reloadable: bool,
}

/// Keys that count as soon as the configuration was read again.
const RELOADABLE: &[&str] = &[
    "postgres.pool_size",
    "postgres.pool_size_per_tenant",
    "postgres.queue_per_tenant",
    "postgres.clients",
    "postgres.clients_per_tenant",
    "postgres.transactions_per_second",
    "postgres.recycle_tenants",
    "postgres.prepared_statements",
    "postgres.session_logins",
    "postgres.admin_logins",
    "postgres.ignore_startup_parameters",
    "postgres.peers",
    "postgres.tls.mode",
    "postgres.tls.certificates",
    "postgres.tls.certificate_dir",
    "data.pool_size",
    "limits.login_failures_per_minute",
    "timeouts.login",
    "timeouts.drain",
    "metrics.tenants",
    "log.level",
];

/// What stands for a password.
const HIDDEN: &str = "********";

impl Config {
    /// All keys.
    pub fn entries(&self) -> Vec<Entry> {
        let defaults = Self::defaults().map(|config| config.values()).unwrap_or_default();
        let entry = |(key, value): (&'static str, String)| {
            let has_default = |known: &str| known == key && !key.ends_with(".dsn");
            let default = defaults.iter().find(|(known, _)| has_default(known));
            let is_secret = key.ends_with(".password") && !value.is_empty();
            Entry {
                key,
                value: if is_secret { HIDDEN.to_owned() } else { value },
                default: default.map(|(_, value)| value.clone()).unwrap_or_default(),
                is_reloadable: RELOADABLE.contains(&key),
            }
        };
        self.values().into_iter().map(entry).collect()
    }

    /// Takes over what can be while the process runs, and gives back the keys whose new values cannot.
    pub fn take_over(&mut self, new: &Self) -> Vec<&'static str> {
        let postgres = &new.postgres;
        self.postgres = super::Postgres {
            listen: self.postgres.listen,
            threads: self.postgres.threads,
            peer_id: self.postgres.peer_id,
            ..postgres.clone()
        };
        self.data.pool_size = new.data.pool_size;
        self.limits.login_failures_per_minute = new.limits.login_failures_per_minute;
        self.timeouts.login = new.timeouts.login;
        self.timeouts.drain = new.timeouts.drain;
        self.metrics_tenants = new.metrics_tenants;
        self.log_level.clone_from(&new.log_level);
        let pairs = self.values().into_iter().zip(new.values());
        pairs.filter(|(old, new)| old != new).map(|((key, _), _)| key).collect()
    }

    /// With the two servers that have to be given, which are nobody's.
    fn defaults() -> Option<Self> {
        let mut raw = Raw::default();
        raw.data.dsn = Some("host=/ user=login dbname=none".to_owned());
        raw.registry.dsn.clone_from(&raw.data.dsn);
        Self::check(raw).ok()
    }

    /// Every key with its value, passwords as they are.
    fn values(&self) -> Vec<(&'static str, String)> {
        let [first, second, third] = [self.faces(), self.postgres_values(), self.others()];
        let mut values = [first, second, third].concat();
        let place = |key: &str| raw::KEYS.iter().position(|(known, _)| *known == key);
        values.sort_by_key(|(key, _)| place(key));
        values
    }

    fn faces(&self) -> Vec<(&'static str, String)> {
        let authentication = match self.authentication {
            Authentication::Password => "password",
            Authentication::None => "none",
        };
        let domains = self.base_domains.iter().map(|domain| domain.as_str().to_owned());
        vec![
            ("authentication", authentication.to_owned()),
            ("base_domains", domains.collect::<Vec<_>>().join(",")),
            ("tenant_header", self.tenant_header.clone().unwrap_or_default()),
            ("trusted_proxies", list(&self.trusted_proxies)),
            ("password_cache_ttl", time(self.password_cache_ttl)),
            ("listen.http", self.listen_http.to_string()),
            ("listen.postgres", address(self.postgres.listen)),
            ("listen.admin", address(self.listen_admin)),
        ]
    }

    fn postgres_values(&self) -> Vec<(&'static str, String)> {
        let postgres = &self.postgres;
        let rate = postgres.transactions_per_second.map_or(0, NonZeroU32::get);
        let peers = postgres.peers.iter().map(|(id, address)| format!("{id}={address}"));
        let [mode, files, directory] = tls(postgres.tls.as_ref());
        vec![
            ("postgres.threads", postgres.threads.to_string()),
            ("postgres.pool_size", postgres.pool_size.to_string()),
            ("postgres.pool_size_per_tenant", postgres.pool_size_per_tenant.to_string()),
            ("postgres.queue_per_tenant", postgres.queue_per_tenant.to_string()),
            ("postgres.clients", postgres.clients.to_string()),
            ("postgres.clients_per_tenant", postgres.clients_per_tenant.to_string()),
            ("postgres.transactions_per_second", rate.to_string()),
            ("postgres.recycle_tenants", postgres.recycle_tenants.to_string()),
            ("postgres.prepared_statements", postgres.prepared_statements.to_string()),
            ("postgres.session_logins", list(&postgres.session_logins)),
            ("postgres.admin_logins", list(&postgres.admin_logins)),
            ("postgres.ignore_startup_parameters", list(&postgres.ignore_startup_parameters)),
            ("postgres.peer_id", postgres.peer_id.to_string()),
            ("postgres.peers", peers.collect::<Vec<_>>().join(",")),
            ("postgres.tls.mode", mode),
            ("postgres.tls.certificates", files),
            ("postgres.tls.certificate_dir", directory),
        ]
    }

    fn others(&self) -> Vec<(&'static str, String)> {
        let [limits, timeouts] = [self.limit_values(), self.timeout_values()];
        let log_format = match self.log_format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        let others = vec![
            ("data.dsn", format!("{:?}", self.data.dsn)),
            ("data.password", self.data.dsn.password().unwrap_or_default()),
            ("data.pool_size", self.data.pool_size.to_string()),
            ("data.lifetime", time(self.data_lifetime)),
            ("registry.dsn", format!("{:?}", self.registry.dsn)),
            ("registry.password", self.registry.dsn.password().unwrap_or_default()),
            ("registry.pool_size", self.registry.pool_size.to_string()),
            ("routes.cache_size", self.routes.cache_size.to_string()),
            ("routes.ttl", time(self.routes.ttl)),
            ("routes.negative_ttl", time(self.routes.negative_ttl)),
            ("metrics.tenants", self.metrics_tenants.to_string()),
            ("log.format", log_format.to_owned()),
            ("log.level", self.log_level.clone()),
        ];
        [others, limits, timeouts].concat()
    }

    fn limit_values(&self) -> Vec<(&'static str, String)> {
        let limits = &self.limits;
        vec![
            ("limits.body_bytes", limits.body_bytes.to_string()),
            ("limits.result_bytes", limits.result_bytes.to_string()),
            ("limits.login_failures_per_minute", limits.login_failures_per_minute.to_string()),
        ]
    }

    fn timeout_values(&self) -> Vec<(&'static str, String)> {
        let timeouts = &self.timeouts;
        vec![
            ("timeouts.login", time(timeouts.login)),
            ("timeouts.connect", time(timeouts.connect)),
            ("timeouts.checkout", time(timeouts.checkout)),
            ("timeouts.request", time(timeouts.request)),
            ("timeouts.drain", time(timeouts.drain)),
        ]
    }
}

/// Mode, certificates, folder.
fn tls(tls: Option<&Tls>) -> [String; 3] {
    let Some(tls) = tls else { return ["off".to_owned(), String::new(), String::new()] };
    let mode = if tls.is_required { "require" } else { "allow" }.to_owned();
    match &tls.certificates {
        CertificateFiles::Directory(path) => [mode, String::new(), path.display().to_string()],
        CertificateFiles::Named(pairs) => {
            let pairs = pairs.iter().map(|(c, k)| format!("{}:{}", c.display(), k.display()));
            [mode, pairs.collect::<Vec<_>>().join(","), String::new()]
        }
    }
}

fn list<T: Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

fn time(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}

fn address(address: Option<SocketAddr>) -> String {
    address.map_or_else(|| "off".to_owned(), |address| address.to_string())
}

#[cfg(test)]
mod tests;
