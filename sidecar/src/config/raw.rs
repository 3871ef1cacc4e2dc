//! The configuration as it is written: a TOML file, over it the environment, over that flags.
//! Every key is known here; what a value means is checked elsewhere.

use super::Error;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::{Table, Value};

/// Where the configuration comes from.
#[derive(Clone, Default)]
pub struct Source {
    /// The TOML file, if any.
    pub file: Option<PathBuf>,
    /// Environment variables.
    pub environment: Vec<(String, String)>,
    /// Flags, as keys and values.
    pub flags: Vec<(String, String)>,
}

/// All keys. What is absent has a default or is asked for by the check.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // each key is documented in tenancy.example.toml
pub struct Raw {
    pub authentication: Option<String>,
    pub base_domains: Option<Vec<String>>,
    pub tenant_header: Option<String>,
    pub trusted_proxies: Option<Vec<String>>,
    pub password_cache_ttl: Option<String>,
    pub listen: RawListen,
    pub postgres: RawPostgres,
    pub data: RawServer,
    pub registry: RawRegistry,
    pub routes: RawRoutes,
    pub limits: RawLimits,
    pub timeouts: RawTimeouts,
    pub metrics: RawMetrics,
    pub log: RawLog,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct RawListen {
    pub http: Option<String>,
    pub postgres: Option<String>,
    pub admin: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct RawPostgres {
    pub session_logins: Option<Vec<String>>,
    pub admin_logins: Option<Vec<String>>,
    pub ignore_startup_parameters: Option<Vec<String>>,
    pub threads: Option<usize>,
    pub pool_size: Option<usize>,
    pub pool_size_per_tenant: Option<usize>,
    pub queue_per_tenant: Option<usize>,
    pub clients: Option<usize>,
    pub clients_per_tenant: Option<usize>,
    pub transactions_per_second: Option<usize>,
    pub recycle_tenants: Option<usize>,
    pub prepared_statements: Option<usize>,
    pub peer_id: Option<usize>,
    pub peers: Option<BTreeMap<String, String>>,
    pub tls: RawTls,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct RawTls {
    pub mode: Option<String>,
    pub certificates: Option<Vec<RawCertificate>>,
    pub certificate_dir: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct RawCertificate {
    pub cert: PathBuf,
    pub key: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct RawServer {
    pub dsn: Option<String>,
    pub password: Option<String>,
    pub password_file: Option<PathBuf>,
    pub pool_size: Option<usize>,
    pub lifetime: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct RawRegistry {
    pub dsn: Option<String>,
    pub password: Option<String>,
    pub password_file: Option<PathBuf>,
    pub pool_size: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct RawRoutes {
    pub cache_size: Option<usize>,
    pub ttl: Option<String>,
    pub negative_ttl: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct RawLimits {
    pub body_bytes: Option<usize>,
    pub result_bytes: Option<usize>,
    pub login_failures_per_minute: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct RawTimeouts {
    pub login: Option<String>,
    pub connect: Option<String>,
    pub checkout: Option<String>,
    pub request: Option<String>,
    pub drain: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct RawMetrics {
    pub tenants: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct RawLog {
    pub format: Option<String>,
    pub level: Option<String>,
}

/// How a value is written where TOML's quotes and brackets are not at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// Separated by commas.
    List,
    /// Certificates and their keys as `cert:key`, separated by commas.
    Certificates,
    /// Keys and values as `key=value`, separated by commas.
    Map,
}

/// Every key, for the environment (`listen.http` is `TENANCY_LISTEN_HTTP`) and flags.
pub(super) const KEYS: &[(&str, Kind)] = &[
    ("authentication", Kind::Text),
    ("base_domains", Kind::List),
    ("tenant_header", Kind::Text),
    ("trusted_proxies", Kind::List),
    ("password_cache_ttl", Kind::Text),
    ("listen.http", Kind::Text),
    ("listen.postgres", Kind::Text),
    ("listen.admin", Kind::Text),
    ("postgres.threads", Kind::Number),
    ("postgres.pool_size", Kind::Number),
    ("postgres.pool_size_per_tenant", Kind::Number),
    ("postgres.queue_per_tenant", Kind::Number),
    ("postgres.clients", Kind::Number),
    ("postgres.clients_per_tenant", Kind::Number),
    ("postgres.transactions_per_second", Kind::Number),
    ("postgres.recycle_tenants", Kind::Number),
    ("postgres.prepared_statements", Kind::Number),
    ("postgres.session_logins", Kind::List),
    ("postgres.admin_logins", Kind::List),
    ("postgres.ignore_startup_parameters", Kind::List),
    ("postgres.peer_id", Kind::Number),
    ("postgres.peers", Kind::Map),
    ("postgres.tls.mode", Kind::Text),
    ("postgres.tls.certificates", Kind::Certificates),
    ("postgres.tls.certificate_dir", Kind::Text),
    ("data.dsn", Kind::Text),
    ("data.password", Kind::Text),
    ("data.password_file", Kind::Text),
    ("data.pool_size", Kind::Number),
    ("data.lifetime", Kind::Text),
    ("registry.dsn", Kind::Text),
    ("registry.password", Kind::Text),
    ("registry.password_file", Kind::Text),
    ("registry.pool_size", Kind::Number),
    ("routes.cache_size", Kind::Number),
    ("routes.ttl", Kind::Text),
    ("routes.negative_ttl", Kind::Text),
    ("limits.body_bytes", Kind::Number),
    ("limits.result_bytes", Kind::Number),
    ("limits.login_failures_per_minute", Kind::Number),
    ("timeouts.login", Kind::Text),
    ("timeouts.connect", Kind::Text),
    ("timeouts.checkout", Kind::Text),
    ("timeouts.request", Kind::Text),
    ("timeouts.drain", Kind::Text),
    ("metrics.tenants", Kind::Number),
    ("log.format", Kind::Text),
    ("log.level", Kind::Text),
];

/// Reads file, environment and flags; the later wins.
pub fn load(source: &Source) -> Result<Raw, Error> {
    let mut table = match &source.file {
        Some(path) => read_file(path)?,
        None => Table::new(),
    };
    for &(key, kind) in KEYS {
        let variable = variable(key);
        for (_, value) in source.environment.iter().filter(|(name, _)| *name == variable) {
            put(&mut table, key, parse(kind, value, &variable)?, &variable)?;
        }
    }
    for (key, value) in &source.flags {
        let origin = format!("flag for \"{key}\"");
        let (_, kind) = KEYS.iter().find(|(known, _)| known == key).ok_or_else(|| {
            Error::Syntax { origin: origin.clone(), message: "unknown configuration key".into() }
        })?;
        if key.ends_with(".password") {
            return Err(Error::Syntax {
                origin,
                message: "everybody on this machine can read a password given by flag; use the environment or password_file".into(),
            });
        }
        put(&mut table, key, parse(*kind, value, &origin)?, &origin)?;
    }
    table.try_into().map_err(|error: toml::de::Error| Error::Syntax {
        origin: "configuration".into(),
        message: without_value(error.message()),
    })
}

/// Reads the file by itself first: only then the parser can name the line of an unknown key.
fn read_file(path: &std::path::Path) -> Result<Table, Error> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Read { path: name.clone(), source })?;
    let syntax = |error: toml::de::Error| Error::Syntax {
        origin: name.clone(),
        message: describe(&error, &text),
    };
    toml::from_str::<Raw>(&text).map_err(syntax)?;
    toml::from_str(&text).map_err(syntax)
}

/// The line and what is wrong with it, but not its text: it may hold a password.
fn describe(error: &toml::de::Error, text: &str) -> String {
    match error.span() {
        Some(span) => {
            let line = text.get(..span.start).unwrap_or(text).matches('\n').count() + 1;
            format!("line {line}: {}", without_value(error.message()))
        }
        None => without_value(error.message()),
    }
}

/// serde quotes a value that is of the wrong kind; it may be a password, or hold one.
fn without_value(message: &str) -> String {
    let is_about_value = message.starts_with("invalid type:")
        || message.starts_with("invalid value:")
        || message.starts_with("invalid length:");
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if is_about_value => format!("the value is not {expected}"),
        _ if is_about_value => "the value is of the wrong kind".to_owned(),
        _ => message.to_owned(),
    }
}

fn variable(key: &str) -> String {
    format!("TENANCY_{}", key.replace('.', "_").to_uppercase())
}

fn parse(kind: Kind, text: &str, origin: &str) -> Result<Value, Error> {
    match kind {
        Kind::Text => Ok(Value::String(text.to_owned())),
        Kind::Number => text.parse().map(Value::Integer).map_err(|_| Error::Syntax {
            origin: origin.to_owned(),
            message: format!("{text:?} is not a whole number"),
        }),
        Kind::List => {
            Ok(Value::Array(items(text).map(|item| Value::String(item.to_owned())).collect()))
        }
        Kind::Certificates => {
            items(text).map(|item| pair(item, origin)).collect::<Result<_, _>>().map(Value::Array)
        }
        Kind::Map => {
            let entries = items(text).map(|item| entry(item, origin));
            entries.collect::<Result<Table, _>>().map(Value::Table)
        }
    }
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn pair(text: &str, origin: &str) -> Result<Value, Error> {
    let (cert, key) = text.split_once(':').ok_or_else(|| Error::Syntax {
        origin: origin.to_owned(),
        message: format!("{text:?} is not of the form cert.pem:key.pem"),
    })?;
    let value = |path: &str| Value::String(path.to_owned());
    let pair = [("cert".to_owned(), value(cert)), ("key".to_owned(), value(key))];
    Ok(Value::Table(Table::from_iter(pair)))
}

fn entry(text: &str, origin: &str) -> Result<(String, Value), Error> {
    let (key, value) = text.split_once('=').ok_or_else(|| Error::Syntax {
        origin: origin.to_owned(),
        message: format!("{text:?} is not of the form key=value"),
    })?;
    Ok((key.trim().to_owned(), Value::String(value.trim().to_owned())))
}

fn put(table: &mut Table, key: &str, value: Value, origin: &str) -> Result<(), Error> {
    let Some((section, rest)) = key.split_once('.') else {
        table.insert(key.to_owned(), value);
        return Ok(());
    };
    let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    let inner = inner.as_table_mut().ok_or_else(|| Error::Syntax {
        origin: origin.to_owned(),
        message: format!("\"{section}\" is not a section"),
    })?;
    put(inner, rest, value, origin)
}
