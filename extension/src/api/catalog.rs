//! `own`, `has_role`.

use crate::catalog;
use crate::ffi::Oid;
use pgrx::prelude::*;

/// `tenancy.own(class)`: OIDs of the objects that the tenant sees.
#[pg_extern]
fn own(class: Option<Oid>) -> Vec<Oid> {
    class.map_or_else(Vec::new, |class| catalog::own(class.to_u32()))
}

/// `tenancy.has_role(role, privilege)`: whether what the role owns is the tenant's.
#[pg_extern]
fn has_role(role: Option<Oid>, privilege: Option<&str>) -> Option<bool> {
    Some(catalog::has_role(role?, privilege?))
}
