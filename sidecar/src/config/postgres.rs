//! The PostgreSQL face: where it listens, who has what by default there, what is ignored.

use super::Error;
use super::raw::RawPostgres;
use std::net::SocketAddr;

/// The face's own settings.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// Where it listens; nowhere when it is off.
    pub listen: Option<SocketAddr>,
    /// Logins that have a server connection for themselves unless they ask otherwise.
    pub session_logins: Vec<String>,
    /// Logins that may use the console.
    pub admin_logins: Vec<String>,
    /// Start-up parameters that have no effect and are no error.
    pub ignore_startup_parameters: Vec<String>,
}

/// Checks the section, and the address, which stands in another one.
pub fn postgres(raw: RawPostgres, listen: Option<&str>) -> Result<Postgres, Error> {
    Ok(Postgres {
        listen: address(listen.unwrap_or("127.0.0.1:6432"))?,
        session_logins: names("postgres.session_logins", raw.session_logins)?,
        admin_logins: names("postgres.admin_logins", raw.admin_logins)?,
        ignore_startup_parameters: names(
            "postgres.ignore_startup_parameters",
            raw.ignore_startup_parameters,
        )?,
    })
}

fn address(text: &str) -> Result<Option<SocketAddr>, Error> {
    if text == "off" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Error::value(
            "listen.postgres",
            format!(
                "{text:?} is neither an address and port such as \"127.0.0.1:6432\" nor \"off\""
            ),
        )
    })
}

fn names(key: &'static str, given: Option<Vec<String>>) -> Result<Vec<String>, Error> {
    let names = given.unwrap_or_default();
    match names.iter().any(String::is_empty) {
        true => Err(Error::value(key, "holds an empty name")),
        false => Ok(names),
    }
}
