//! A sealed server connection for clients that speak the protocol themselves: bytes go through it
//! unread but for the switch in front of a client's first message. It stays in the tenant that it
//! served last, for the next client is often one of that tenant's.
//!
//! A switch may be written with the client's message right behind it although the connection is still
//! in another tenant: a FunctionCall that fails leaves it between tenants, where the server refuses
//! everything, and the switch's answer is compared before the client hears a byte.

use super::cancel::CancelKey;
use super::channel::{Channel, Reader, Writer};
use super::seal::Sealed;
use super::{Entered, Error};
use crate::wire::{Parameter, frontend};
use bytes::BytesMut;
use lru::LruCache;
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Instant;

/// Settings of the extension's start with this, and no others.
const OURS: &str = "tenancy.";

/// How long a client may hold a server connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// For a transaction.
    Transaction,
    /// Until it leaves.
    Session,
}

impl Pooling {
    /// As `tenancy.switch` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::Session => "session",
        }
    }
}

/// Where a connection has to be for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Id of the tenant.
    pub tenant: i64,
    /// The generation of its registry entry by which the client was let in.
    pub generation: i64,
    /// On behalf of which login.
    pub login: Arc<str>,
    /// How the client shares connections.
    pub pooling: Pooling,
    /// What the client has set, as `tenancy.switch` takes it.
    pub settings: Arc<str>,
}

impl Place {
    /// What the switch has to answer.
    pub fn entered(&self) -> Entered {
        Entered { tenant_id: self.tenant, generation: self.generation }
    }
}

/// Who may cancel what runs on a connection, and how many requests are under way.
pub struct Target {
    /// What the server asks for.
    pub key: CancelKey,
    /// Requests that were sent and not yet seen to.
    pub requests: AtomicU32,
}

/// Such a connection.
pub struct Link {
    pub(super) channel: Channel,
    /// For cancel requests.
    pub target: Arc<Target>,
    /// Where it is; `None` between tenants, and whenever that is not certain.
    pub place: Option<Place>,
    /// Whether it holds more of its last client than settings: then the next one is not let in without
    /// a switch, which removes that.
    pub residue: bool,
    /// What the server has said of its settings; what came last holds.
    pub reported: Vec<Parameter>,
    /// Statements that are prepared on it, by our ids, the one that was used longest ago first to go.
    pub statements: LruCache<u64, ()>,
    /// The client whose unnamed statement it may hold.
    pub unnamed: Option<i32>,
    /// The tenants that it has served, whose tables the backend's caches hold.
    pub served: HashSet<i64>,
    /// When it was opened.
    pub born: Instant,
    sealed: Sealed,
}

impl Link {
    /// A connection that was just sealed, hence is between tenants.
    pub(super) fn new(
        channel: Channel,
        key: CancelKey,
        sealed: Sealed,
        reported: Vec<Parameter>,
        statements: NonZeroUsize,
    ) -> Self {
        let mut link = Self {
            channel,
            target: Arc::new(Target { key, requests: AtomicU32::new(0) }),
            place: None,
            residue: false,
            reported: Vec::new(),
            statements: LruCache::new(statements),
            unnamed: None,
            served: HashSet::new(),
            born: Instant::now(),
            sealed,
        };
        for parameter in reported {
            link.report(parameter);
        }
        link
    }

    /// The stream, both ways.
    pub fn halves(&mut self) -> (&mut Reader, &mut Writer) {
        self.channel.halves()
    }

    /// The server reports a setting. Our own are for us alone; they are given back.
    pub fn report(&mut self, parameter: Parameter) -> Option<Parameter> {
        if parameter.name.starts_with(OURS) {
            return Some(parameter);
        }
        match self.reported.iter_mut().find(|known| known.name == parameter.name) {
            Some(known) => known.value = parameter.value,
            None => self.reported.push(parameter),
        }
        None
    }

    /// Whether a client that belongs there finds it as it should be, without a switch.
    pub fn is_at(&self, place: &Place) -> bool {
        !self.residue && self.place.as_ref() == Some(place)
    }

    /// Writes the switch. Until its answer was read, nobody knows where the connection is.
    pub fn switch(&mut self, tenant: &str, place: &Place, out: &mut BytesMut) {
        self.place = None;
        let seal = self.sealed.seal.reveal();
        let arguments =
            [Some(seal), Some(tenant), Some(place.pooling.name()), Some(&place.settings)];
        frontend::function_call(self.sealed.switch_client, &arguments, out);
    }

    /// The switch was answered: the connection is where it should be, or is of no further use.
    pub fn arrive(&mut self, place: &Place, answer: &str) -> Result<(), Error> {
        if Entered::parse(answer) != Some(place.entered()) {
            return Err(Error::Odd("the switch led to another tenant"));
        }
        self.served.insert(place.tenant);
        self.place = Some(place.clone());
        self.residue = false;
        Ok(())
    }

    /// Writes the switch that leads between tenants.
    pub(super) fn park(&mut self, out: &mut BytesMut) {
        self.place = None;
        frontend::function_call(self.sealed.switch, &[Some(self.sealed.seal.reveal()), None], out);
    }

    /// Whether nothing has come in and the server has not hung up, as far as this side can know. A
    /// connection that nobody holds hears nothing, unless the server says that it is about to go.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.channel.is_quiet()
    }
}
