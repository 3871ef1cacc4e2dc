//! What `tenancy.hide_sources()` takes from PUBLIC is lent to statements inside a tenant, where the
//! catalog's filter and the twins leave nothing of it but what the tenant sees: there the rights of
//! the extension's own role stand in for the session's. Where no right was taken nothing changes,
//! and what the role may not do itself it cannot lend.

use super::{functions, pg_compat, roles};
use pgrx::pg_sys::{self, Oid, Query, RangeTblEntry};
use tenancy_core::{builtin, catalog};

/// Gets the rights from `hide_sources()`.
const LENDER: &str = "tenancy_owner";
/// The catalogs that hold the text of functions, views and rules.
const SOURCES: [u32; 2] = [catalog::class::PROC, catalog::class::REWRITE];

/// Lets a filtered catalog be read.
///
/// # Safety
/// The entry must belong to the query, and both be ours to change.
pub(super) unsafe fn lend_reading(query: *mut Query, entry: *mut RangeTblEntry) {
    // SAFETY: the caller's promise; the check looks into the catalog cache.
    unsafe {
        let relation = (*entry).relid;
        if !SOURCES.contains(&relation.to_u32()) {
            return;
        }
        let Some(lender) = roles::find(LENDER) else { return };
        let read = pg_sys::ACL_SELECT as pg_sys::AclMode;
        let may_read = pg_sys::pg_class_aclcheck(relation, lender, read);
        if may_read == pg_sys::AclResult::ACLCHECK_OK {
            pg_compat::read_as(query, entry, lender);
        }
    }
}

/// Whether the original of a twin is lent to who may not execute it.
pub(super) fn is_lent(original: Oid) -> bool {
    functions::name(original).is_some_and(|name| builtin::SOURCES.contains(&name.as_str()))
        && roles::find(LENDER).is_some_and(|lender| pg_compat::may_execute(original, lender))
}
