//! Relations that a statement names: which they are. Looks names up as PostgreSQL will a moment
//! later, without a lock. A schema that may not be used leads nowhere, as one that is missing:
//! PostgreSQL itself will say so, and each statement in its own way.

use super::parse_nodes::cells;
use super::pg_compat;
use pgrx::pg_sys::{self, List, Oid, RangeVar};
use std::ffi::CStr;
use tenancy_core::catalog::FIRST_NORMAL_OID;
use tenancy_core::guard::LockTarget;

/// Whether a name leads to one of PostgreSQL's own relations, of `information_schema` too.
///
/// # Safety
/// A node of the parser; inside a transaction.
pub unsafe fn is_catalog(name: &RangeVar) -> bool {
    // SAFETY: the caller's promise.
    let relation = unsafe { find(name) };
    relation != Oid::INVALID && relation.to_u32() < FIRST_NORMAL_OID
}

/// Whether a name leads to a relation with a column of type regclass or its like, whose values
/// PostgreSQL writes as names.
///
/// # Safety
/// A node of the parser; inside a transaction.
pub unsafe fn holds_references(name: &RangeVar) -> bool {
    // SAFETY: the caller's promise; the lookup raises nothing for a relation without a row type.
    let row = unsafe { pg_sys::get_rel_type_id(find(name)) };
    row != Oid::INVALID && super::reg_types::may_hold(row.to_u32())
}

/// What the names lead to, without those that lead nowhere.
///
/// # Safety
/// A list of RangeVar nodes, or null; inside a transaction.
pub unsafe fn targets(names: *mut List) -> Vec<LockTarget> {
    // SAFETY: the caller's promise.
    unsafe {
        let found = cells::<RangeVar>(names).map(|name| find(name));
        found
            .filter(|relation| *relation != Oid::INVALID)
            .map(|relation| target(relation))
            .collect()
    }
}

/// # Safety
/// Inside a transaction.
unsafe fn find(name: &RangeVar) -> Oid {
    let missing_ok = pg_sys::RVROption::RVR_MISSING_OK;
    // SAFETY: the caller's promise; the name is only read.
    unsafe {
        if !name.schemaname.is_null() {
            let schema = pg_sys::LookupNamespaceNoError(name.schemaname);
            if schema == Oid::INVALID || !pg_compat::may_use_schema(schema) {
                return Oid::INVALID;
            }
        }
        pg_sys::RangeVarGetRelidExtended(
            name,
            pg_sys::NoLock as i32,
            missing_ok,
            None,
            std::ptr::null_mut(),
        )
    }
}

/// # Safety
/// Inside a transaction.
unsafe fn target(relation: Oid) -> LockTarget {
    // SAFETY: looks into the catalog cache; a relation that is gone meanwhile has no schema, and
    // the name is a palloc'd string or null.
    unsafe {
        let schema = pg_sys::get_rel_namespace(relation);
        let kind = pg_sys::get_rel_relkind(relation) as u8;
        let name = pg_sys::get_namespace_name(schema);
        let schema = if name.is_null() {
            Some(String::new())
        } else if pg_sys::isTempNamespace(schema) {
            None
        } else {
            Some(CStr::from_ptr(name).to_string_lossy().into_owned())
        };
        LockTarget { schema, table: matches!(kind, b'r' | b'p') }
    }
}
