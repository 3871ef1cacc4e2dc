//! The context functions: each asks `core` whether the move is possible, checks the key, and makes
//! the move in memory that no rollback touches.

use super::client::{self, Client};
use super::position::{self, Stay};
use super::{admission, binding, scrub, transaction};
use crate::ffi::{backend, random, roles};
use tenancy_core::context::{self, Capacity, Move, Place, Request};
use tenancy_core::mutant;
use tenancy_core::seal::Seal;
use tenancy_core::{Error, Result, SqlState};

const GATEWAY_ROLE: &str = "tenancy_gateway";

/// Puts the session into a tenant, or moves it on; returns the key.
pub fn enter(tenant: &str, seal: Option<&str>, capacity: Capacity) -> Result<Option<String>> {
    match context::decide(Request::Enter, position::situation())? {
        Move::Begin => begin(tenant, seal, capacity)?,
        _ => {
            position::check_key(seal)?;
            let chosen = seal.map(Seal::parse).transpose()?;
            clean_up()?;
            let admitted = admission::of_login(tenant, capacity)?;
            // The key it has, or, where it had none, what this tenant asks for.
            let key = key_for(chosen, admitted.sealed)?;
            position::arrive(admitted.stay, admitted.access, admitted.epoch, Place::Session)?;
            position::set_key(key);
        }
    }
    Ok(position::reveal_key())
}

fn begin(tenant: &str, seal: Option<&str>, capacity: Capacity) -> Result<()> {
    transaction::require_at_rest("enter")?;
    let chosen = seal.map(Seal::parse).transpose()?;
    binding::check(tenant, seal)?;
    let admitted = admission::of_login(tenant, capacity)?;
    let key = key_for(chosen, admitted.sealed)?;
    position::remember_before()?;
    scrub::cursors_from_outside();
    position::arrive(admitted.stay, admitted.access, admitted.epoch, Place::Session)?;
    position::set_key(key);
    Ok(())
}

/// The key of a new context: the caller's own, else one of ours where there must be one.
fn key_for(chosen: Option<Seal>, sealed: bool) -> Result<Option<Seal>> {
    match chosen {
        None if sealed => random::bytes().map(|bytes| Some(Seal::from_random(bytes))),
        chosen => Ok(chosen),
    }
}

/// Puts the session into a tenant until the transaction ends, and binds it to the key, or without
/// one to the tenant.
pub fn enter_local(tenant: &str, seal: Option<&str>) -> Result<()> {
    context::decide(Request::EnterLocal, position::situation())?;
    transaction::require_at_rest("enter_local")?;
    let key = seal.map(Seal::parse).transpose()?;
    binding::check(tenant, seal)?;
    let admitted = admission::of_login(tenant, Capacity::Member)?;
    position::remember_before()?;
    scrub::cursors_from_outside();
    let (id, sealed) = (admitted.stay.tenant.id, admitted.sealed);
    position::arrive(admitted.stay, admitted.access, admitted.epoch, Place::Transaction)?;
    binding::bind(id, sealed, key);
    Ok(())
}

/// Ends the context.
pub fn leave(key: Option<&str>) -> Result<()> {
    if context::decide(Request::Leave, position::situation())? == Move::End {
        position::check_key(key)?;
        clean_up()?;
        position::go_outside()?;
        transaction::ends_context();
    }
    Ok(())
}

/// Makes the connection a gateway's, between tenants.
pub fn seal(secret: &str) -> Result<()> {
    context::decide(Request::Seal, position::situation())?;
    transaction::require_at_rest("seal")?;
    let role = roles::find(GATEWAY_ROLE).ok_or_else(not_a_gateway)?;
    let allowed = roles::is_member(roles::session_user(), GATEWAY_ROLE);
    if !allowed && !mutant::disabled("lock.gateway_member") {
        return Err(not_a_gateway());
    }
    let key = Seal::parse(secret)?;
    position::remember_before()?;
    position::set_key(Some(key));
    position::become_gateway(role);
    position::close();
    position::settle_closed();
    Ok(())
}

/// Moves a gateway's connection to a tenant, or parks it between tenants. Returns the tenant's id
/// and the generation of its registry entry. Every failure leaves the connection between tenants,
/// because what the gateway wrote behind the call must not run in the old one.
pub fn switch(seal: Option<&str>, tenant: Option<&str>) -> Result<Option<(i64, i64)>> {
    switch_for(seal, tenant, || Ok(None))
}

/// The same for a client with a pooling mode and settings of its own.
pub fn switch_client(
    seal: Option<&str>,
    tenant: Option<&str>,
    pooling: &str,
    settings: &str,
) -> Result<Option<(i64, i64)>> {
    switch_for(seal, tenant, || Client::parse(pooling, settings).map(Some))
}

fn switch_for(
    seal: Option<&str>,
    tenant: Option<&str>,
    client: impl FnOnce() -> Result<Option<Client>>,
) -> Result<Option<(i64, i64)>> {
    let now = position::situation();
    let allowed = context::decide(Request::Switch, now).and_then(|_| position::check_key(seal));
    let client = allowed.and_then(|()| client()).inspect_err(|_| {
        if now.gateway {
            transaction::refuses_move();
        }
    })?;
    // The time is the last tenant's to set, and cleaning up what it left may take longer.
    if !mutant::disabled("lock.switch_timeout") {
        backend::suspend_statement_timeout();
    }
    clean_up()?;
    let Some(tenant) = tenant else {
        position::settle_closed();
        return Ok(None);
    };
    let admitted = admission::of_gateway(tenant)?;
    let Stay { tenant, .. } = admitted.stay.clone();
    position::arrive(admitted.stay, admitted.access, admitted.epoch, Place::Session)?;
    if let Some(client) = client {
        client::arrive(client);
    }
    Ok(Some((tenant.id, tenant.generation)))
}

/// Between tenants, with nothing left of the last one; an abort from here on ends up there too.
fn clean_up() -> Result<()> {
    transaction::moves();
    position::close();
    scrub::run()
}

fn not_a_gateway() -> Error {
    Error::new(SqlState::InsufficientPrivilege, "permission denied to seal the connection")
        .detail("Only members of role \"tenancy_gateway\" may.")
        .hint("An application enters a tenant by tenancy.enter(tenant).")
}
