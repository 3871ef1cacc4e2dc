//! The statements that are planned in order to show the plan. PostgreSQL plans what EXPLAIN is
//! about under the very text that EXPLAIN stands in, and what functions run under texts of their
//! own; so the address of the text tells them apart.

use super::parse_nodes::execute_name;
use super::{error_context, plan_cache};
use pgrx::pg_sys::{self, Node, NodeTag};
use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_char};

thread_local! {
    static TEXTS: RefCell<Vec<usize>> = RefCell::default();
    static MESSAGE: Cell<i64> = const { Cell::new(0) };
}

/// Notes the text of a statement that is EXPLAIN; how many there were before. One that fails leaves
/// its text behind until the next message.
///
/// # Safety
/// `node` must be a utility statement's parse node, `text` the statement's.
pub(super) unsafe fn begin(node: *mut Node, text: *const c_char) -> usize {
    // SAFETY: the caller's promise.
    if unsafe { (*node).type_ } != NodeTag::T_ExplainStmt {
        return usize::MAX;
    }
    let now = error_context::message_time();
    TEXTS.with_borrow_mut(|texts| {
        if MESSAGE.replace(now) != now {
            texts.clear();
        }
        let before = texts.len();
        texts.push(text as usize);
        // SAFETY: the caller's promise.
        texts.extend(unsafe { text_of_execute(node) });
        before
    })
}

/// A statement has ended that `begin` answered so.
pub(super) fn end(before: usize) {
    if before != usize::MAX {
        TEXTS.with_borrow_mut(|texts| texts.truncate(before));
    }
}

/// Whether what is planned under this text is to be shown.
pub(super) fn is_shown(text: *const c_char) -> bool {
    TEXTS.with_borrow(|texts| texts.contains(&(text as usize)))
        && MESSAGE.get() == error_context::message_time()
}

/// The text of the prepared statement that is to be explained, which will be planned anew.
unsafe fn text_of_execute(node: *mut Node) -> Option<usize> {
    // SAFETY: a utility statement's parse node; what is not prepared gives null.
    unsafe {
        let name = CString::new(execute_name(node)?).ok()?;
        let prepared = pg_sys::FetchPreparedStatement(name.as_ptr(), false).as_ref()?;
        plan_cache::reset();
        Some((*prepared.plansource).query_string as usize)
    }
}
