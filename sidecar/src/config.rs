//! The configuration in two steps: raw (`raw`: file, environment, flags, every key known), then
//! checked (here). Opens no port and no connection; `tenancy config check` is just this.

mod bounds;
mod dsn;
mod listing;
mod postgres;
mod raw;
mod tls;

pub use dsn::Dsn;
pub use listing::Entry;
pub use postgres::Postgres;
pub use raw::{Raw, Source};
pub use tls::{CertificateFiles, Tls};

use bounds::{duration, size};
use ipnet::IpNet;
use raw::{RawLimits, RawRoutes, RawTimeouts};
use std::net::SocketAddr;
use std::time::Duration;
use tenancy_core::hostname::Hostname;

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("could not read \"{path}\": {source}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The text is not TOML, or holds an unknown key or a value of the wrong kind.
    #[error("{origin}: {message}")]
    Syntax {
        /// File, environment variable or flag.
        origin: String,
        /// What the parser says.
        message: String,
    },
    /// A key's value cannot be used.
    #[error("configuration key \"{key}\": {message}")]
    Value {
        /// The key in dotted form.
        key: &'static str,
        /// What is wrong with it.
        message: String,
    },
}

impl Error {
    fn value(key: &'static str, message: impl Into<String>) -> Self {
        Self::Value { key, message: message.into() }
    }
}

/// How clients prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// By the password of their PostgreSQL login, and a grant for the tenant.
    Password,
    /// Not at all: only on loopback.
    None,
}

/// One of the two logins to the server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where and as whom.
    pub dsn: Dsn,
    /// At most this many connections.
    pub pool_size: usize,
}

/// How long and how much the route cache keeps.
#[derive(Clone, Copy, Debug)]
pub struct Routes {
    /// Number of entries.
    pub cache_size: u64,
    /// Life time of a route.
    pub ttl: Duration,
    /// Life time of "there is no such host".
    pub negative_ttl: Duration,
}

/// Limits of one request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the request body.
    pub body_bytes: usize,
    /// Bytes of the answer.
    pub result_bytes: usize,
    /// Logins of the PostgreSQL face that may fail in a minute from one address; 0: any number.
    pub login_failures_per_minute: u32,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// The start of a connection to the PostgreSQL face, from accept to authenticated.
    pub login: Duration,
    /// Opening a server connection.
    pub connect: Duration,
    /// Waiting for a free server connection.
    pub checkout: Duration,
    /// The work of one request.
    pub request: Duration,
    /// Requests that are under way at shutdown.
    pub drain: Duration,
}

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// A configuration that can be run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address of the HTTP face.
    pub listen_http: SocketAddr,
    /// Address of the face for operators' machines; nowhere when it is off.
    pub listen_admin: Option<SocketAddr>,
    /// The PostgreSQL face.
    pub postgres: Postgres,
    /// How clients prove who they are.
    pub authentication: Authentication,
    /// Domains whose direct subdomains are tenants' names.
    pub base_domains: Vec<Hostname>,
    /// Header with the tenant's name, in lower case, where trusted proxies set one.
    pub tenant_header: Option<String>,
    /// Addresses that may send that header.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a verified password is remembered.
    pub password_cache_ttl: Duration,
    /// The login for tenants' data, a member of `tenancy_gateway`.
    pub data: Server,
    /// Age at which data connections are replaced.
    pub data_lifetime: Duration,
    /// The login for routes and verifiers, a member of `tenancy_resolver`.
    pub registry: Server,
    /// The route cache.
    pub routes: Routes,
    /// Limits of one request.
    pub limits: Limits,
    /// Timeouts.
    pub timeouts: Timeouts,
    /// Tenants that the metrics name, those with the most transactions.
    pub metrics_tenants: usize,
    /// Form of the log lines.
    pub log_format: LogFormat,
    /// Which log lines, as in `tracing`'s filter directives.
    pub log_level: String,
}

impl Config {
    /// Reads all sources and checks the outcome.
    pub fn load(source: &Source) -> Result<Self, Error> {
        Self::check(raw::load(source)?)
    }

    fn check(raw: Raw) -> Result<Self, Error> {
        let config = Self {
            listen_http: address(&raw)?,
            listen_admin: postgres::address_or_off(
                "listen.admin",
                raw.listen.admin.as_deref().unwrap_or("127.0.0.1:9930"),
            )?,
            postgres: postgres::postgres(raw.postgres, raw.listen.postgres.as_deref())?,
            authentication: authentication(raw.authentication.as_deref())?,
            base_domains: base_domains(raw.base_domains.as_deref().unwrap_or_default())?,
            tenant_header: raw.tenant_header.as_deref().map(tenant_header).transpose()?,
            trusted_proxies: proxies(raw.trusted_proxies.as_deref().unwrap_or_default())?,
            password_cache_ttl: duration(
                "password_cache_ttl",
                raw.password_cache_ttl,
                "60s",
                bounds::LIFE_TIME,
            )?,
            data: Server {
                dsn: dsn::data(&raw.data)?,
                pool_size: size("data.pool_size", raw.data.pool_size, 10, bounds::POOL_SIZE)?,
            },
            data_lifetime: duration("data.lifetime", raw.data.lifetime, "30m", bounds::TIMEOUT)?,
            registry: Server {
                dsn: dsn::registry(&raw.registry)?,
                pool_size: size(
                    "registry.pool_size",
                    raw.registry.pool_size,
                    2,
                    bounds::POOL_SIZE,
                )?,
            },
            routes: routes(raw.routes)?,
            limits: limits(&raw.limits)?,
            timeouts: timeouts(raw.timeouts)?,
            metrics_tenants: size("metrics.tenants", raw.metrics.tenants, 20, bounds::METRICS)?,
            log_format: log_format(raw.log.format.as_deref())?,
            log_level: raw.log.level.unwrap_or_else(|| "info".into()),
        };
        config.check_together()?;
        Ok(config)
    }

    /// Rules that concern more than one key.
    fn check_together(&self) -> Result<(), Error> {
        let mut listens = std::iter::once(self.listen_http).chain(self.postgres.listen);
        let other = listens.find(|address| !address.ip().is_loopback());
        if let (Authentication::None, Some(other)) = (self.authentication, other) {
            return Err(Error::value(
                "authentication",
                format!(
                    "\"none\" is possible on a loopback address only, not on {other}; set \"password\" or listen on 127.0.0.1",
                ),
            ));
        }
        if self.tenant_header.is_some() && self.trusted_proxies.is_empty() {
            return Err(Error::value(
                "tenant_header",
                "nobody may send it; name the proxies in \"trusted_proxies\"",
            ));
        }
        tracing_subscriber::EnvFilter::try_new(&self.log_level)
            .map(drop)
            .map_err(|error| Error::value("log.level", error.to_string()))
    }
}

fn routes(raw: RawRoutes) -> Result<Routes, Error> {
    Ok(Routes {
        cache_size: size("routes.cache_size", raw.cache_size, 10_000, bounds::CACHE_SIZE)? as u64,
        ttl: duration("routes.ttl", raw.ttl, "60s", bounds::LIFE_TIME)?,
        negative_ttl: duration("routes.negative_ttl", raw.negative_ttl, "2s", bounds::LIFE_TIME)?,
    })
}

fn limits(raw: &RawLimits) -> Result<Limits, Error> {
    Ok(Limits {
        body_bytes: size("limits.body_bytes", raw.body_bytes, 10 << 20, bounds::BODY_BYTES)?,
        result_bytes: size(
            "limits.result_bytes",
            raw.result_bytes,
            64 << 20,
            bounds::RESULT_BYTES,
        )?,
        login_failures_per_minute: size(
            "limits.login_failures_per_minute",
            raw.login_failures_per_minute,
            60,
            bounds::FAILURES,
        )? as u32,
    })
}

fn timeouts(raw: RawTimeouts) -> Result<Timeouts, Error> {
    Ok(Timeouts {
        login: duration("timeouts.login", raw.login, "15s", bounds::TIMEOUT)?,
        connect: duration("timeouts.connect", raw.connect, "5s", bounds::TIMEOUT)?,
        checkout: duration("timeouts.checkout", raw.checkout, "5s", bounds::TIMEOUT)?,
        request: duration("timeouts.request", raw.request, "60s", bounds::TIMEOUT)?,
        drain: duration("timeouts.drain", raw.drain, "30s", bounds::LIFE_TIME)?,
    })
}

fn address(raw: &Raw) -> Result<SocketAddr, Error> {
    let text = raw.listen.http.as_deref().unwrap_or("127.0.0.1:8080");
    text.parse().map_err(|_| {
        Error::value(
            "listen.http",
            format!("{text:?} is not an address and port such as \"127.0.0.1:8080\""),
        )
    })
}

fn authentication(text: Option<&str>) -> Result<Authentication, Error> {
    match text.unwrap_or("password") {
        "password" => Ok(Authentication::Password),
        "none" => Ok(Authentication::None),
        other => Err(Error::value(
            "authentication",
            format!("{other:?} is neither \"password\" nor \"none\""),
        )),
    }
}

fn log_format(text: Option<&str>) -> Result<LogFormat, Error> {
    match text.unwrap_or("text") {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => {
            Err(Error::value("log.format", format!("{other:?} is neither \"text\" nor \"json\"")))
        }
    }
}

fn base_domains(names: &[String]) -> Result<Vec<Hostname>, Error> {
    let parse = |name: &String| {
        Hostname::parse(name).map_err(|error| Error::value("base_domains", error.message))
    };
    names.iter().map(parse).collect()
}

/// Headers that already mean something to this face.
const TAKEN_HEADERS: &[&str] =
    &["host", "authorization", "content-type", "content-length", "origin"];

fn tenant_header(name: &str) -> Result<String, Error> {
    let header = axum::http::HeaderName::try_from(name)
        .map_err(|_| Error::value("tenant_header", format!("{name:?} is not a header's name")))?;
    let name = header.as_str();
    if TAKEN_HEADERS.contains(&name) || name.starts_with("neon-") || name.starts_with("sec-") {
        return Err(Error::value("tenant_header", format!("{name:?} has another meaning")));
    }
    Ok(name.to_owned())
}

fn proxies(texts: &[String]) -> Result<Vec<IpNet>, Error> {
    let parse = |text: &String| {
        let alone = || text.parse::<std::net::IpAddr>().map(IpNet::from);
        text.parse().or_else(|_| alone()).map_err(|_| {
            Error::value(
                "trusted_proxies",
                format!("{text:?} is not a network such as \"10.0.0.0/8\""),
            )
        })
    };
    texts.iter().map(parse).collect()
}

#[cfg(test)]
mod tests;
