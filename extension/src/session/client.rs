//! The client that a gateway's connection serves in a tenant: how long it keeps the connection, and
//! the settings that it brought.

use crate::ffi::{client_settings, rations};
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
    POOLING.set(Some(client.pooling));
    for Setting { name, value } in client.settings {
        client_settings::set(name, value);
    }
}

/// The client is gone. Never raises.
pub fn leave() {
    POOLING.set(None);
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
    let gives_back = POOLING.get() == Some(Pooling::Transaction);
    if gives_back
        && rations::may_leave_temp_objects()
        && !mutant::disabled("utility.left_temporary")
    {
        return Err(pooling::refusal(Lasting::Temporary));
    }
    Ok(())
}
