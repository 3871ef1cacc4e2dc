//! Where the doors lead to: the server and login of `--migrator-dsn`.

use super::super::{Error, NO_MIGRATOR};
use crate::pool::{Address, Endpoint};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// The address, as the connections of the doors take it.
pub fn address(config: Option<&Config>) -> Result<Address, Error> {
    let config = config.ok_or_else(|| Error::Usage(format!("a command {NO_MIGRATOR}")))?;
    let odd = |what: &str| Error::Usage(format!("--migrator-dsn {what}"));
    if config.get_ssl_mode() == SslMode::Require {
        return Err(odd("has sslmode=require, which is not possible here"));
    }
    let user = config.get_user().ok_or_else(|| odd("names no login"))?;
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let endpoint = match (config.get_hostaddrs(), config.get_hosts()) {
        ([address], _) => Endpoint::Tcp(address.to_string(), port),
        ([], [Host::Tcp(host)]) => Endpoint::Tcp(host.clone(), port),
        ([], [Host::Unix(folder)]) => Endpoint::Unix(folder.join(format!(".s.PGSQL.{port}"))),
        _ => return Err(odd("must name one host")),
    };
    let password = config.get_password().map(|p| String::from_utf8_lossy(p).into_owned());
    let database = config.get_dbname().unwrap_or(user).to_owned();
    Ok(Address { endpoint, user: user.to_owned(), database, password })
}
