//! Parse nodes of utility statements, translated into the guard's plain descriptions. Every tag
//! that ProcessUtility knows in versions 15 to 18 is listed; any other is `Unknown`.

mod lasting;
mod objects;
mod relations;
mod rights;

use super::object_kinds;
use super::trees::pointers;
use pgrx::pg_sys::{self, List, Node, NodeTag};
use std::ffi::{CStr, c_char};
use tenancy_core::guard::Statement;

pub use lasting::lasting;

/// Describes a utility statement.
///
/// # Safety
/// `node` must be a utility statement's parse node; inside a transaction.
pub unsafe fn describe(node: *mut Node) -> Statement {
    // SAFETY: the caller's promise, handed on; each cast follows a look at the node's tag.
    unsafe {
        session(node)
            .or_else(|| relations::describe(node))
            .or_else(|| objects::describe(node))
            .unwrap_or_else(|| {
                object_kinds::by_tag((*node).type_)
                    .map_or(Statement::Unknown((*node).type_ as u32), Statement::Object)
            })
    }
}

/// Statements about the session and the transaction.
///
/// # Safety
/// As [`describe`].
unsafe fn session(node: *mut Node) -> Option<Statement> {
    use NodeTag as N;
    use Statement as S;
    // SAFETY: the caller's promise; each cast follows a look at the node's tag.
    unsafe {
        Some(match (*node).type_ {
            N::T_TransactionStmt => transaction((*node.cast::<pg_sys::TransactionStmt>()).kind),
            N::T_VariableSetStmt => setting(&*node.cast()),
            N::T_VariableShowStmt => S::Show,
            N::T_ConstraintsSetStmt => S::Constraints,
            N::T_DiscardStmt => discard((*node.cast::<pg_sys::DiscardStmt>()).target),
            N::T_PrepareStmt => S::Prepare,
            N::T_ExecuteStmt | N::T_ExplainStmt | N::T_CreateTableAsStmt => executes(node),
            N::T_DeallocateStmt => optional(text((*node.cast::<pg_sys::DeallocateStmt>()).name))
                .map_or(S::DeallocateAll, S::Prepared),
            N::T_DeclareCursorStmt | N::T_FetchStmt | N::T_ClosePortalStmt => S::Cursor,
            N::T_DoStmt | N::T_CallStmt => S::Code,
            N::T_RefreshMatViewStmt => S::Query,
            N::T_ListenStmt => {
                S::Channel(text((*node.cast::<pg_sys::ListenStmt>()).conditionname), None)
            }
            N::T_UnlistenStmt => {
                optional(text((*node.cast::<pg_sys::UnlistenStmt>()).conditionname))
                    .map_or(S::UnlistenAll, |channel| S::Channel(channel, None))
            }
            N::T_NotifyStmt => {
                let notify = &*node.cast::<pg_sys::NotifyStmt>();
                S::Channel(text(notify.conditionname), Some(text(notify.payload).len()))
            }
            N::T_LoadStmt => S::Load,
            N::T_AlterSystemStmt | N::T_CheckPointStmt => S::Server,
            _ => return None,
        })
    }
}

/// The prepared statement that a statement executes, wherever EXECUTE hides in it.
///
/// # Safety
/// As [`describe`].
pub(super) unsafe fn execute_name(node: *mut Node) -> Option<String> {
    // SAFETY: the caller's promise.
    match unsafe { executes(node) } {
        Statement::Prepared(name) => Some(name),
        _ => None,
    }
}

fn transaction(kind: pg_sys::TransactionStmtKind::Type) -> Statement {
    use pg_sys::TransactionStmtKind::{
        TRANS_STMT_COMMIT_PREPARED, TRANS_STMT_PREPARE, TRANS_STMT_ROLLBACK_PREPARED,
    };
    match kind {
        TRANS_STMT_PREPARE | TRANS_STMT_COMMIT_PREPARED | TRANS_STMT_ROLLBACK_PREPARED => {
            Statement::TwoPhaseCommit
        }
        _ => Statement::Transaction,
    }
}

fn setting(set: &pg_sys::VariableSetStmt) -> Statement {
    // RESET ALL has no name. SAFETY: a string of the parse tree, or null.
    match unsafe { text(set.name) }.as_str() {
        "TRANSACTION SNAPSHOT" => Statement::Snapshot,
        _ => Statement::Setting,
    }
}

fn discard(target: pg_sys::DiscardMode::Type) -> Statement {
    match target {
        pg_sys::DiscardMode::DISCARD_ALL => Statement::DiscardAll,
        _ => Statement::Discard,
    }
}

/// EXECUTE, wherever it hides: in EXPLAIN, in CREATE TABLE AS, in one in the other.
///
/// # Safety
/// As [`describe`]; null is allowed.
unsafe fn executes(node: *mut Node) -> Statement {
    // SAFETY: the caller's promise; each cast follows a look at the node's tag.
    unsafe {
        let Some(tag) = node.as_ref().map(|n| n.type_) else { return Statement::Query };
        match tag {
            NodeTag::T_ExecuteStmt => {
                Statement::Prepared(text((*node.cast::<pg_sys::ExecuteStmt>()).name))
            }
            NodeTag::T_ExplainStmt => executes((*node.cast::<pg_sys::ExplainStmt>()).query),
            NodeTag::T_CreateTableAsStmt => {
                executes((*node.cast::<pg_sys::CreateTableAsStmt>()).query)
            }
            NodeTag::T_Query => executes((*node.cast::<pg_sys::Query>()).utilityStmt),
            _ => Statement::Query,
        }
    }
}

/// # Safety
/// The list must hold string nodes; null is allowed.
unsafe fn strings(list: *mut List) -> Vec<String> {
    // SAFETY: the caller's promise.
    unsafe { cells::<Node>(list).map(|node| string(std::ptr::from_ref(node).cast_mut())).collect() }
}

/// # Safety
/// A node of the parser, or null; anything but a string node gives the empty string.
pub(super) unsafe fn string(node: *mut Node) -> String {
    // SAFETY: the cast follows a look at the node's tag.
    unsafe {
        match node.as_ref() {
            Some(n) if n.type_ == NodeTag::T_String => text((*node.cast::<pg_sys::String>()).sval),
            _ => String::new(),
        }
    }
}

/// The nodes of a list.
///
/// # Safety
/// The list must hold nodes of this type and live while the iterator is used; null is allowed.
pub unsafe fn cells<'a, T: 'a>(list: *mut List) -> impl Iterator<Item = &'a T> {
    // SAFETY: the caller's promise.
    unsafe { pointers::<T>(list) }.iter().filter_map(|cell| unsafe { cell.as_ref() })
}

/// # Safety
/// A string of the parse tree, or null, which is read as the empty string.
unsafe fn text(string: *const c_char) -> String {
    if string.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}

/// PostgreSQL's grammar has no empty names.
fn optional(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
