//! Statements prepared by SQL. They share their names with those that drivers and gateways prepare
//! by the protocol, and PostgreSQL keeps no list of them. Inside a tenant SQL sees the ones that
//! SQL prepared there, and no other: who could deallocate a driver's statement could put one of
//! its own under the name, and would be handed the driver's next arguments.

use super::{position, schemas};
use crate::ffi::{prepared_types, residue};
use crate::store::Tenant;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use tenancy_core::context::Place;
use tenancy_core::relations::Schema;
use tenancy_core::{Result, guard, mutant};

thread_local! {
    /// By name, whether it was prepared inside the visit under way. A tree: names are the tenant's
    /// to choose, and a hash that withstands chosen names costs more than the look-up.
    static NAMES: RefCell<BTreeMap<CString, bool>> = RefCell::default();
}

/// Notes the name of a statement that SQL is about to prepare. A name that is taken stays what it
/// is: PostgreSQL will refuse it.
pub fn note_prepared(name: &CStr) {
    if residue::is_prepared_by_sql(name).is_none() {
        let inside = position::place() != Place::Outside;
        NAMES.with_borrow_mut(|names| names.insert(name.to_owned(), inside));
    }
}

/// Answers with 26000, as to any unknown name, unless SQL prepared the statement in this tenant.
pub fn require_prepared(name: &str) -> Result<()> {
    let found = CString::new(name).is_ok_and(|name| is_prepared_here(&name));
    if found { Ok(()) } else { Err(guard::no_such_statement(name)) }
}

/// Whether SQL prepared the statement in this tenant.
pub(super) fn is_prepared_here(name: &CStr) -> bool {
    let inside = NAMES.with_borrow(|names| names.get(name).copied().unwrap_or_default());
    inside && residue::is_prepared_by_sql(name) == Some(true)
}

/// Whether SQL has a prepared statement in this tenant. Forgets names that stand for none any more, up
/// to the first that does. Never raises.
pub fn any() -> bool {
    NAMES.with_borrow_mut(|names| {
        while let Some(name) = names.first_entry() {
            if residue::is_prepared_by_sql(name.key()) == Some(true) {
                return true;
            }
            name.remove();
        }
        false
    })
}

/// DEALLOCATE ALL inside a tenant.
pub fn deallocate_all() {
    let mut dropped = Vec::new();
    NAMES.with_borrow_mut(|names| {
        names.retain(|name, inside| {
            if *inside {
                dropped.push(name.clone());
            }
            !*inside
        })
    });
    dropped.iter().for_each(|name| residue::drop_prepared_statement(name));
}

/// Drops every statement prepared by SQL, outside of tenants too. Not transactional.
pub fn drop_all() {
    for name in NAMES.take().into_keys() {
        residue::drop_prepared_statement(&name);
    }
}

/// Has the statements of the protocol mean the types of the tenant that the session comes to.
pub fn adopt_types(tenant: &Tenant) {
    if !mutant::disabled("scrub.prepared_types") {
        prepared_types::adopt(
            tenant.schema,
            |schema| matches!(schemas::kind(schema), Ok(Schema::Tenant(id)) if id != tenant.id),
        );
    }
}
