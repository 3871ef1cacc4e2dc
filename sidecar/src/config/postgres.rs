//! The PostgreSQL face: where it listens, who has what by default there, what is ignored.

use super::Error;
use super::bounds::{self, size};
use super::raw::RawPostgres;
use super::tls::{Tls, tls};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};

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
    /// Threads that carry clients' bytes, each with its part of the server connections.
    pub threads: usize,
    /// Server connections in all.
    pub pool_size: usize,
    /// Of these, at most so many for one tenant at a time.
    pub pool_size_per_tenant: usize,
    /// Clients of a tenant that may wait for one.
    pub queue_per_tenant: usize,
    /// Client connections.
    pub clients: usize,
    /// Of these, at most so many of one tenant.
    pub clients_per_tenant: usize,
    /// Transactions that a tenant may begin in a second; `None` for any number.
    pub transactions_per_second: Option<NonZeroU32>,
    /// A server connection that has served so many tenants is replaced.
    pub recycle_tenants: usize,
    /// Statements that are kept prepared on a server connection.
    pub prepared_statements: NonZeroUsize,
    /// Which of the processes beside each other this is; 0 for none.
    pub peer_id: u8,
    /// Where the others are, by their ids.
    pub peers: Vec<(u8, String)>,
    /// TLS; none when it is off.
    pub tls: Option<Tls>,
}

/// Checks the section, and the address, which stands in another one.
pub fn postgres(raw: RawPostgres, listen: Option<&str>) -> Result<Postgres, Error> {
    let pool_size = size("postgres.pool_size", raw.pool_size, 20, bounds::POOL_SIZE)?;
    let threads = size("postgres.threads", raw.threads, 1, bounds::THREADS)?;
    if threads > pool_size {
        return Err(Error::value(
            "postgres.threads",
            format!(
                "{threads} threads cannot share {pool_size} server connections (postgres.pool_size)"
            ),
        ));
    }
    let peer_id = size("postgres.peer_id", raw.peer_id, 0, bounds::PEER_ID)? as u8;
    let many = |key, given, default| size(key, given, default, bounds::MANY);
    Ok(Postgres {
        threads,
        pool_size,
        pool_size_per_tenant: many(
            "postgres.pool_size_per_tenant",
            raw.pool_size_per_tenant,
            pool_size,
        )?,
        queue_per_tenant: many("postgres.queue_per_tenant", raw.queue_per_tenant, 1000)?,
        clients: many("postgres.clients", raw.clients, 10_000)?,
        clients_per_tenant: many("postgres.clients_per_tenant", raw.clients_per_tenant, 10_000)?,
        transactions_per_second: rate(raw.transactions_per_second)?,
        recycle_tenants: many("postgres.recycle_tenants", raw.recycle_tenants, 400)?,
        prepared_statements: many("postgres.prepared_statements", raw.prepared_statements, 200)?
            .try_into()
            .unwrap_or(NonZeroUsize::MIN),
        listen: address_or_off("listen.postgres", listen.unwrap_or("127.0.0.1:6432"))?,
        session_logins: names("postgres.session_logins", raw.session_logins)?,
        admin_logins: names("postgres.admin_logins", raw.admin_logins)?,
        ignore_startup_parameters: names(
            "postgres.ignore_startup_parameters",
            raw.ignore_startup_parameters,
        )?,
        peer_id,
        peers: peers(peer_id, &raw.peers.unwrap_or_default())?,
        tls: tls(raw.tls)?,
    })
}

/// Each process may be given the same table: its own entry says nothing to it.
fn peers(own: u8, given: &BTreeMap<String, String>) -> Result<Vec<(u8, String)>, Error> {
    let wrong = |message: String| Error::value("postgres.peers", message);
    if own == 0 && !given.is_empty() {
        return Err(wrong("needs \"postgres.peer_id\": which of them this process is".to_owned()));
    }
    let mut peers = Vec::new();
    for (id, address) in given {
        let id = id.parse().ok().filter(|id| (1..=127).contains(id));
        let id = id.ok_or_else(|| wrong("has an id that is not between 1 and 127".to_owned()))?;
        let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
            return Err(wrong(format!(
                "{address:?} is not a host and port such as \"10.0.0.2:6432\""
            )));
        }
        if id != own {
            peers.push((id, address.clone()));
        }
    }
    Ok(peers)
}

/// Zero is any number.
fn rate(given: Option<usize>) -> Result<Option<NonZeroU32>, Error> {
    let rate = size("postgres.transactions_per_second", given, 0, bounds::RATE)?;
    Ok(u32::try_from(rate).ok().and_then(NonZeroU32::new))
}

/// Where a face listens; nowhere when it is off.
pub fn address_or_off(key: &'static str, text: &str) -> Result<Option<SocketAddr>, Error> {
    if text == "off" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Error::value(
            key,
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
