//! Queries of ours that would call what somebody has planted. A path with PostgreSQL's own names in
//! front is not enough: an operator or function further back wins when its arguments fit better.

use super::report;
use super::trees::{walk_expression, walk_query};
use pgrx::pg_sys::{self, Node, NodeTag, Oid, Query};
use pgrx::prelude::*;
use std::ffi::{CStr, c_void};
use tenancy_core::catalog::FIRST_NORMAL_OID;
use tenancy_core::{Error, SqlState};

/// Raises 42501 when the query calls anything that did not come with PostgreSQL.
///
/// # Safety
/// `query` must be a valid tree.
#[pg_guard]
pub(super) unsafe extern "C-unwind" fn refuse(query: *mut Query) {
    let mut found = Oid::INVALID;
    // SAFETY: the walkers read the tree, and write through the pointer to `found`.
    unsafe { look(query.cast(), (&raw mut found).cast()) };
    if found == Oid::INVALID {
        return;
    }
    // SAFETY: gives a palloc'd string, of numbers when the function is gone.
    let name =
        unsafe { CStr::from_ptr(pg_sys::format_procedure_qualified(found)) }.to_string_lossy();
    report::raise(
        Error::new(
            SqlState::InsufficientPrivilege,
            format!("function {name} would be called in place of PostgreSQL's own"),
        )
        .detail("Its schema is being read with a superuser's rights, and an operator or function of it takes the same arguments.")
        .hint("Drop it, or give it other arguments: types of the schema's own instead of those of the catalogs."),
    )
}

unsafe extern "C-unwind" fn look(node: *mut Node, found: *mut c_void) -> bool {
    // SAFETY: nodes of a valid tree; null where a field is empty.
    unsafe {
        if node.is_null() {
            return false;
        }
        if (*node).type_ == NodeTag::T_Query {
            return walk_query(node.cast(), look, found, 0);
        }
        pg_sys::check_functions_in_node(node, Some(is_of_others), found)
            || walk_expression(node, look, found)
    }
}

unsafe extern "C-unwind" fn is_of_others(function: Oid, found: *mut c_void) -> bool {
    let theirs = function.to_u32() >= FIRST_NORMAL_OID;
    if theirs {
        // SAFETY: the pointer that `refuse` handed in.
        unsafe { *found.cast() = function };
    }
    theirs
}
