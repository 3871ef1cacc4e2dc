//! The start of a client's connection: from accept to the point where AuthenticationOk was sent and
//! it is known which tenant the client is for. Nothing of what a client asks for here ever reaches a
//! server in a start packet: settings are handed on, to be set inside the tenant.
//!
//! **Which tenant.** Up to three places may name it, and each is looked at:
//!
//! 1. the host by which the client called us (the server name of TLS). It may well be our own, so
//!    it counts only if it leads to a tenant that the login may enter.
//! 2. the database: with a dot in it a hostname, without one a tenant's name. The database that
//!    `data.dsn` names counts as none given, for drivers must send some; so does no database at all.
//!    One that is the login's own name counts only if it leads somewhere: libpq sends it when it was
//!    told no other.
//! 3. the parameter `tenancy.tenant`, as `options=-c tenancy.tenant=NAME` or by itself.
//!
//! All that count must lead to the same tenant, or the client is refused with the two that do not
//! (22023); where nothing leads to a tenant that the login may enter it is refused as well (3D000).
//! The database `tenancy` is no tenant but the console of operators, for those in
//! `postgres.admin_logins`.
//!
//! **In which order.** Who is not logged in learns nothing of tenants: a wrong password is refused
//! before an unknown tenant, and a tenant that the login may not enter is unknown.
//!
//! Must not know server connections or what is done with a client that is in.

mod counters;
mod line;
mod login;
mod opening;
mod parameters;
mod throttle;

pub use counters::{Counters, Outcome};

use super::stream::ClientStream;
use crate::admission::{Admission, Refusal, Target};
use crate::pool::Pooling;
use crate::resolve::Route;
use crate::tls::Certificates;
use crate::wire::startup;
use arc_swap::ArcSwap;
use bytes::BytesMut;
use line::Line;
use opening::{Opened, Start};
use parameters::Wanted;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use throttle::Throttle;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout_at};

/// The database by which operators reach the console.
const CONSOLE: &str = "tenancy";

/// Where a client connects from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Another machine, or this one over TCP. An IPv4 address counts as itself over IPv6 too.
    Address(IpAddr),
    /// This machine, by a socket.
    Local,
}

impl Peer {
    /// Whether it is this machine.
    pub fn is_this_machine(self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Local => true,
        }
    }
}

/// A client that may come in. It has been told AuthenticationOk and waits for what follows.
#[derive(Debug)]
pub struct Guest {
    /// The line to it.
    pub stream: ClientStream,
    /// Where it is.
    pub peer: Peer,
    /// Who it is.
    pub login: String,
    /// What it gave as its database; the login's name if it gave none.
    pub database: String,
    /// What it asked for, for [`Admission::again`].
    pub target: Target,
    /// Where that leads now.
    pub route: Arc<Route>,
    /// Settings to apply inside the tenant, in this order; names as PostgreSQL writes them.
    pub settings: Vec<(String, String)>,
    /// When it gives its server connection back.
    pub pooling: Pooling,
    /// The protocol's minor version: 0, or 2 with cancel keys of more than 4 bytes.
    pub minor: u16,
    /// What it has said that nobody has read.
    pub said: BytesMut,
    /// `application_name` of the settings, or nothing.
    pub application_name: String,
}

/// An operator who wants the console, has proved who it is, and has been told AuthenticationOk.
#[derive(Debug)]
pub struct Operator {
    /// The line to it.
    pub stream: ClientStream,
    /// Where it is.
    pub peer: Peer,
    /// Who it is.
    pub login: String,
    /// The protocol's minor version, as a guest's.
    pub minor: u16,
    /// What it has said that nobody has read.
    pub said: BytesMut,
}

/// What a connection turned out to be.
#[derive(Debug)]
pub enum Arrival {
    /// A client for a tenant.
    Guest(Box<Guest>),
    /// A request to cancel what another connection runs. Not authenticated but by the secret; the
    /// line is closed without an answer, as PostgreSQL does.
    Cancel {
        /// As BackendKeyData told it.
        process_id: i32,
        /// The same; of any length from 4 to 256 bytes.
        secret: Vec<u8>,
        /// Closed when the request was seen to: clients wait for that before they go on.
        stream: ClientStream,
    },
    /// An operator.
    Console(Box<Operator>),
}

/// How connections are encrypted.
#[derive(Clone)]
pub struct Encryption {
    /// What clients are shown.
    pub certificates: Arc<Certificates>,
    /// Whether sessions in clear are refused, but for those on a socket of this machine. Requests to
    /// cancel are not: many clients can send them in clear only.
    pub is_required: bool,
}

/// What the face may and may not do at the start of a connection.
#[derive(Clone)]
pub struct Settings {
    /// How connections are encrypted, if at all.
    pub encryption: Option<Encryption>,
    /// How long all of it may take.
    pub patience: Duration,
    /// The database that counts as none given.
    pub database: String,
    /// Logins that have a server connection for themselves unless they ask otherwise.
    pub session_logins: Vec<String>,
    /// Logins that may use the console.
    pub admin_logins: Vec<String>,
    /// Parameters that have no effect and are no error.
    pub ignored_parameters: Vec<String>,
    /// Logins that may fail in a minute from one address; 0 for any number.
    pub failures_per_minute: u32,
}

/// All that the start of a connection needs.
pub struct Handshake {
    admission: Arc<Admission>,
    settings: ArcSwap<Settings>,
    throttle: Throttle,
    counters: Counters,
}

impl Handshake {
    /// For one process: failures are counted here.
    pub fn new(admission: Arc<Admission>, settings: Settings) -> Self {
        let throttle = Throttle::new(settings.failures_per_minute);
        let settings = ArcSwap::from_pointee(settings);
        Self { admission, settings, throttle, counters: Counters::default() }
    }

    /// Other settings, for connections from now on.
    pub fn configure(&self, settings: Settings) {
        self.throttle.set_limit(settings.failures_per_minute);
        self.settings.store(Arc::new(settings));
    }

    /// How connections have ended up so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Who may enter which tenant.
    pub fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }
}

/// Takes a connection from accept to the point where AuthenticationOk has been sent. `None`: it came to
/// nothing, and who can read it was told why, as FATAL with SQLSTATE, DETAIL and HINT.
pub async fn receive(stream: TcpStream, peer: SocketAddr, host: &Handshake) -> Option<Arrival> {
    // Answers are whole when they are written: nothing is gained by holding back.
    let _ = stream.set_nodelay(true);
    host.receive(ClientStream::Tcp(stream), Peer::Address(peer.ip().to_canonical())).await
}

/// The same for a socket of this machine.
pub async fn receive_local(stream: UnixStream, host: &Handshake) -> Option<Arrival> {
    host.receive(ClientStream::Unix(stream), Peer::Local).await
}

impl Handshake {
    async fn receive(&self, stream: ClientStream, peer: Peer) -> Option<Arrival> {
        let settings = self.settings.load_full();
        let deadline = Instant::now() + settings.patience;
        let opened =
            timeout_at(deadline, opening::open(stream, settings.encryption.as_ref())).await;
        let (mut line, start) = match opened {
            Ok(Opened::Session(line, start)) => (line, start),
            Ok(Opened::Cancel { process_id, secret, line }) => {
                self.counters.count(Outcome::Cancel);
                let (stream, _) = line.into_parts();
                return Some(Arrival::Cancel { process_id, secret, stream });
            }
            Ok(Opened::Ended(outcome)) => return self.gone(peer, outcome, ""),
            Err(_) => return self.gone(peer, Outcome::TooSlow, ""),
        };
        match timeout_at(deadline, self.admit(&mut line, start, peer)).await {
            Ok(Ok(entry)) => {
                self.counters.count(Outcome::Admitted);
                Some(entry.with(line, peer))
            }
            Ok(Err(End::Gone)) => self.gone(peer, Outcome::HungUp, ""),
            Ok(Err(End::Refused(outcome, refusal))) => {
                line.refuse(&refusal).await;
                self.gone(peer, outcome, &refusal.message)
            }
            Err(_) => {
                let late = "canceling authentication due to timeout";
                line.refuse(&Refusal::new("57014", late)).await;
                self.gone(peer, Outcome::TooSlow, late)
            }
        }
    }

    fn gone(&self, peer: Peer, outcome: Outcome, reason: &str) -> Option<Arrival> {
        self.counters.count(outcome);
        // A client's name and words are in the reason: escaped.
        tracing::debug!(?peer, outcome = outcome.name(), ?reason, "a client did not come in");
        None
    }

    /// From a start packet to AuthenticationOk.
    async fn admit(&self, line: &mut Line, start: Start, peer: Peer) -> Result<Entry, End> {
        let Start { minor, parameters, server_name, end_point } = start;
        let wanted = Wanted::read(&parameters, server_name, &self.settings.load())
            .map_err(|refusal| End::Refused(Outcome::Parameters, refusal))?;
        let proved = self.prove(line, (&wanted.login, peer), end_point.as_deref()).await?;
        let place = match wanted.database.as_deref() {
            Some(CONSOLE) => self.console(&wanted).map(|()| None),
            _ => self.admission.again(&wanted.login, &wanted.target).await.map(Some),
        };
        if let Some(last) = proved {
            line.queue(|out| startup::sasl_final(&last, out));
        }
        let route =
            place.map_err(|refusal| End::Refused(Outcome::of(&refusal), hinted(refusal)))?;
        line.authenticated().await.ok_or(End::Gone)?;
        Ok(Entry { wanted, route, minor })
    }

    /// To who may not use it the console is a tenant that there is not.
    fn console(&self, wanted: &Wanted) -> Result<(), Refusal> {
        match self.settings.load().admin_logins.contains(&wanted.login) {
            true => Ok(()),
            false => Err(Refusal::unknown()),
        }
    }
}

/// Why a client did not come in.
enum End {
    /// It went, or its line broke.
    Gone,
    /// It is told this.
    Refused(Outcome, Refusal),
}

/// Who has come in where; `None` is the console.
struct Entry {
    wanted: Wanted,
    route: Option<Arc<Route>>,
    minor: u16,
}

impl Entry {
    fn with(self, line: Line, peer: Peer) -> Arrival {
        let (stream, said) = line.into_parts();
        let Self { wanted, route, minor } = self;
        let Wanted { login, database, target, settings, pooling, application_name } = wanted;
        let Some(route) = route else {
            return Arrival::Console(Box::new(Operator { stream, peer, login, minor, said }));
        };
        Arrival::Guest(Box::new(Guest {
            database: database.unwrap_or_else(|| login.clone()),
            stream,
            peer,
            login,
            target,
            route,
            settings,
            pooling,
            minor,
            said,
            application_name,
        }))
    }
}

/// What can be done about it here, where names come by other ways than hostnames alone.
fn hinted(refusal: Refusal) -> Refusal {
    match refusal.code {
        "3D000" => refusal.hint(
            "Name a tenant: as the database (dbname=acme, or its hostname), by options='-c tenancy.tenant=acme', or by connecting to its hostname with TLS. An administrator lets the login in (tenancy.grant_login).",
        ),
        _ => refusal,
    }
}

#[cfg(test)]
mod tests;
