//! `add_domain`, `remove_domain`, `set_primary_domain`.

use super::arguments::required;
use crate::ffi::report::or_raise;
use crate::store;
use pgrx::prelude::*;

/// `tenancy.add_domain(tenant, hostname, is_primary)`.
#[pg_extern]
fn add_domain(tenant: Option<&str>, hostname: Option<&str>, is_primary: Option<bool>) {
    let call = || {
        let is_primary = required(is_primary, "is_primary")?;
        store::add_domain(required(tenant, "tenant")?, required(hostname, "hostname")?, is_primary)
    };
    or_raise(call());
}

/// `tenancy.remove_domain(hostname)`.
#[pg_extern]
fn remove_domain(hostname: Option<&str>) {
    or_raise(required(hostname, "hostname").and_then(store::remove_domain));
}

/// `tenancy.set_primary_domain(hostname)`.
#[pg_extern]
fn set_primary_domain(hostname: Option<&str>) {
    or_raise(required(hostname, "hostname").and_then(store::set_primary_domain));
}
