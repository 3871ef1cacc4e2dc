//! The address of the server and a login there, as libpq writes them: a URL or key=value pairs.
//! Parsed by tokio-postgres, so that both of our clients read the same.

use super::Error;
use super::raw::{RawRegistry, RawServer};
use std::fmt;
use std::path::{Path, PathBuf};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

const DEFAULT_PORT: u16 = 5432;

/// A server, a database, a login.
#[derive(Clone)]
pub struct Dsn {
    config: Config,
    host: Host,
    user: String,
}

impl Dsn {
    /// The same for tokio-postgres.
    pub fn to_postgres_config(&self) -> Config {
        self.config.clone()
    }

    /// Host name or address; `None` where it is a socket's directory.
    pub fn host(&self) -> Option<&str> {
        match &self.host {
            Host::Tcp(host) => Some(host),
            Host::Unix(_) => None,
        }
    }

    /// The socket; `None` where it is a host.
    pub fn socket(&self) -> Option<PathBuf> {
        match &self.host {
            Host::Tcp(_) => None,
            Host::Unix(directory) => Some(directory.join(format!(".s.PGSQL.{}", self.port()))),
        }
    }

    /// Port, which also names the socket.
    pub fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(DEFAULT_PORT)
    }

    /// Login.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Database; the login's own name when none is given, as in libpq.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or(&self.user)
    }

    /// Password, if one is set.
    pub fn password(&self) -> Option<String> {
        self.config.get_password().map(|p| String::from_utf8_lossy(p).into_owned())
    }
}

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:?}:{}/{}", self.user, self.host, self.port(), self.database())
    }
}

/// The data login.
pub fn data(raw: &RawServer) -> Result<Dsn, Error> {
    let secret = secret("data.password", raw.password.as_deref(), raw.password_file.as_deref())?;
    parse("data.dsn", raw.dsn.as_deref(), secret)
}

/// The registry login.
pub fn registry(raw: &RawRegistry) -> Result<Dsn, Error> {
    let secret =
        secret("registry.password", raw.password.as_deref(), raw.password_file.as_deref())?;
    parse("registry.dsn", raw.dsn.as_deref(), secret)
}

fn secret(
    key: &'static str,
    given: Option<&str>,
    file: Option<&Path>,
) -> Result<Option<String>, Error> {
    match (given, file) {
        (Some(_), Some(_)) => Err(Error::value(key, "is set beside a password_file; keep one")),
        (Some(password), None) => Ok(Some(password.to_owned())),
        (None, None) => Ok(None),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| Error::Read { path: path.display().to_string(), source })?;
            Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
    }
}

fn parse(key: &'static str, text: Option<&str>, secret: Option<String>) -> Result<Dsn, Error> {
    let text = text.ok_or_else(|| {
        Error::value(
            key,
            "is missing; a server is needed, such as \"postgresql://login@127.0.0.1:5432/app\"",
        )
    })?;
    // The parser's own message may quote the text, and with it a password.
    let mut config: Config = text.parse().map_err(|_| {
        Error::value(key, "is neither a postgresql:// URL nor key=value pairs as libpq takes them")
    })?;
    match (config.get_password(), secret) {
        (Some(_), Some(_)) => {
            return Err(Error::value(key, "holds a password beside the one set apart; keep one"));
        }
        (None, Some(password)) => drop(config.password(password)),
        _ => {}
    }
    if config.get_ssl_mode() == SslMode::Require {
        return Err(Error::value(
            key,
            "sslmode=require is not possible: connections to the server are not encrypted; use a socket or a private network",
        ));
    }
    let user =
        config.get_user().map(str::to_owned).ok_or_else(|| Error::value(key, "names no login"))?;
    let host = match config.get_hosts() {
        [host] => host.clone(),
        [] => return Err(Error::value(key, "names no host")),
        _ => return Err(Error::value(key, "names more than one host")),
    };
    Ok(Dsn { config, host, user })
}
