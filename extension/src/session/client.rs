//! The client that a gateway's connection serves in a tenant: how long it keeps the connection, and
//! the settings that it brought.

use super::left_behind;
use crate::ffi::{client_messages, client_settings};
use std::cell::Cell;
use tenancy_core::Result;
use tenancy_core::carried::{self, Setting};
use tenancy_core::mutant;
use tenancy_core::pooling::{self, Lasting, Pooling};

thread_local! {
    /// Of the client that is served; none between tenants, and for whoever is no gateway's client.
    static POOLING: Cell<Option<Pooling>> = const { Cell::new(None) };
}

/// A client as the gateway announces it.
pub struct Client {
    /// How long it keeps the connection.
    pub pooling: Pooling,
    /// What it has set elsewhere.
    pub settings: Vec<Setting>,
}

impl Client {
    /// Reads the arguments of `switch()`; 22023 for a mode or settings that make no sense.
    pub fn parse(pooling: &str, settings: &str) -> Result<Self> {
        Ok(Self { pooling: Pooling::parse(pooling)?, settings: carried::parse(settings)? })
    }
}

/// The client has arrived with the connection in its tenant, and sets what it had set. Raises what
/// SET raises.
pub fn arrive(client: Client) {
    left_behind::forget();
    POOLING.set(Some(client.pooling));
    client_messages::watch();
    for Setting { name, value } in client.settings {
        client_settings::set(name, value);
    }
}

/// The client is gone. Never raises.
pub fn leave() {
    POOLING.set(None);
}

/// Whether a gateway's client is served, who hears what it leaves behind.
#[inline]
pub fn is_served() -> bool {
    POOLING.get().is_some()
}

/// Refuses with 0A000 what would be left behind on a connection that the client gives back when its
/// transaction ends.
pub fn allow_lasting(lasting: Lasting) -> Result<()> {
    match POOLING.get() {
        Some(Pooling::Transaction) => Err(pooling::refusal(lasting)),
        _ => Ok(()),
    }
}

/// The transaction is about to commit: the same for temporary objects, which can come to be in ways
/// that no statement tells.
pub fn before_commit() -> Result<()> {
    let left = is_served() && left_behind::before_commit() == Some(true);
    if left && !mutant::disabled("utility.left_temporary") {
        return allow_lasting(Lasting::Temporary);
    }
    Ok(())
}
