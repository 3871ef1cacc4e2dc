//! Statements that leave something behind their transaction.

use pgrx::pg_sys::{self, Node, NodeTag, OnCommitAction, RangeVar};
use std::ffi::CStr;
use tenancy_core::pooling::Lasting;

/// What a utility statement leaves behind its transaction, if anything.
///
/// # Safety
/// `node` must be a utility statement's parse node.
pub unsafe fn lasting(node: *mut Node) -> Option<Lasting> {
    use NodeTag as N;
    // SAFETY: the caller's promise; each cast follows a look at the node's tag.
    unsafe {
        match (*node).type_ {
            N::T_ListenStmt => Some(Lasting::Listen),
            N::T_PrepareStmt => Some(Lasting::Prepared),
            N::T_DeclareCursorStmt => {
                let options = (*node.cast::<pg_sys::DeclareCursorStmt>()).options;
                (options & pg_sys::CURSOR_OPT_HOLD as i32 != 0).then_some(Lasting::HeldCursor)
            }
            N::T_CreateStmt => {
                let table = &*node.cast::<pg_sys::CreateStmt>();
                temporary(table.relation, table.oncommit)
            }
            N::T_CreateTableAsStmt => {
                let into = (*node.cast::<pg_sys::CreateTableAsStmt>()).into.as_ref()?;
                temporary(into.rel, into.onCommit)
            }
            N::T_ViewStmt => {
                temporary((*node.cast::<pg_sys::ViewStmt>()).view, OnCommitAction::ONCOMMIT_NOOP)
            }
            N::T_CreateSeqStmt => {
                let sequence = (*node.cast::<pg_sys::CreateSeqStmt>()).sequence;
                temporary(sequence, OnCommitAction::ONCOMMIT_NOOP)
            }
            _ => None,
        }
    }
}

/// Whether a relation that is to be made is temporary, and outlives the transaction.
///
/// # Safety
/// A node of the parser, or null.
unsafe fn temporary(name: *mut RangeVar, on_commit: OnCommitAction::Type) -> Option<Lasting> {
    // SAFETY: the caller's promise; the schema is a string of the parse tree, or null.
    let is_temporary = unsafe {
        let name = name.as_ref()?;
        name.relpersistence as u8 == pg_sys::RELPERSISTENCE_TEMP
            || (!name.schemaname.is_null() && CStr::from_ptr(name.schemaname) == c"pg_temp")
    };
    (is_temporary && on_commit != OnCommitAction::ONCOMMIT_DROP).then_some(Lasting::Temporary)
}
