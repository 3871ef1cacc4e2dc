//! Walking a Query and its expressions, and the lists in them.

use pgrx::pg_sys::{List, Node, Query};
use std::ffi::{c_int, c_void};

/// Called for each node; `true` ends the walk.
pub(super) type Walker = unsafe extern "C-unwind" fn(*mut Node, *mut c_void) -> bool;

unsafe extern "C-unwind" {
    // Past pgrx's guard, which would cost more than the walk: the walkers' frames hold nothing that
    // an error (too deep a tree) could leak but a list of pointers.
    #[cfg_attr(feature = "pg15", link_name = "query_tree_walker")]
    #[cfg_attr(not(feature = "pg15"), link_name = "query_tree_walker_impl")]
    pub(super) fn walk_query(
        query: *mut Query,
        walker: Walker,
        context: *mut c_void,
        flags: c_int,
    ) -> bool;
    #[cfg_attr(feature = "pg15", link_name = "expression_tree_walker")]
    #[cfg_attr(not(feature = "pg15"), link_name = "expression_tree_walker_impl")]
    pub(super) fn walk_expression(node: *mut Node, walker: Walker, context: *mut c_void) -> bool;
}

/// The elements of a list of pointers.
///
/// # Safety
/// `list` must be null or a list of pointers to `T` that outlives the use of the result.
pub(super) unsafe fn pointers<'a, T>(list: *mut List) -> &'a mut [*mut T] {
    // SAFETY: the cells are unions of one pointer's size.
    unsafe {
        match list.as_ref() {
            Some(list) => std::slice::from_raw_parts_mut(
                list.elements.cast(),
                usize::try_from(list.length).unwrap_or(0),
            ),
            None => &mut [],
        }
    }
}
