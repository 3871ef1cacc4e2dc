//! `enter`, `enter_local`, `leave`, `seal`, `switch`, `current`, `current_id`, `require`,
//! `version`.

use super::arguments::required;
use crate::ffi::report::or_raise;
use crate::session;
use pgrx::prelude::*;
use tenancy_core::context::Capacity;
use tenancy_core::{Error, SqlState};

/// `tenancy.enter(tenant, seal, "as")`: into a tenant, or on from one; returns the key.
#[pg_extern]
fn enter(tenant: Option<&str>, seal: Option<&str>, capacity: Option<&str>) -> Option<String> {
    or_raise(
        required(capacity, "as")
            .and_then(Capacity::parse)
            .and_then(|as_whom| session::enter(tenant.unwrap_or_default(), seal, as_whom)),
    )
}

/// `tenancy.enter_local(tenant, seal)`: into a tenant until the transaction ends.
#[pg_extern]
fn enter_local(tenant: Option<&str>, seal: Option<&str>) {
    or_raise(session::enter_local(tenant.unwrap_or_default(), seal));
}

/// `tenancy.leave(key)`: out of the context.
#[pg_extern]
fn leave(key: Option<&str>) {
    or_raise(session::leave(key));
}

/// `tenancy.seal(secret)`: makes the connection a gateway's.
#[pg_extern]
fn seal(secret: Option<&str>) {
    or_raise(required(secret, "secret").and_then(session::seal));
}

/// `tenancy.switch(seal, tenant)`: a gateway's connection to the next tenant; returns
/// `<id>/<generation>`.
#[pg_extern]
fn switch(seal: Option<&str>, tenant: Option<&str>) -> Option<String> {
    or_raise(session::switch(seal, tenant)).map(|(id, generation)| format!("{id}/{generation}"))
}

/// `tenancy.switch(seal, tenant, pooling, settings)`: the same for a client of the gateway.
#[pg_extern]
fn switch_client(
    seal: Option<&str>,
    tenant: Option<&str>,
    pooling: Option<&str>,
    settings: Option<&str>,
) -> Option<String> {
    let (pooling, settings) = (pooling.unwrap_or_default(), settings.unwrap_or_default());
    or_raise(session::switch_client(seal, tenant, pooling, settings))
        .map(|(id, generation)| format!("{id}/{generation}"))
}

/// `tenancy.current()`: the tenant's name.
#[pg_extern]
fn current() -> Option<String> {
    session::current()
}

/// `tenancy.current_id()`: the tenant's id.
#[pg_extern]
fn current_id() -> Option<i64> {
    session::current_id()
}

/// `tenancy.require()`: the tenant's name, 55000 without one.
#[pg_extern]
fn require() -> String {
    or_raise(session::current().ok_or_else(|| {
        Error::new(SqlState::ObjectNotInPrerequisiteState, "the session is in no tenant")
            .hint("Enter one by tenancy.enter(tenant).")
    }))
}

/// `tenancy.version()`: the version of the library.
#[pg_extern]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
