//! Statements that PostgreSQL's grammar knows and no script can hold: each runs in one transaction, in
//! a function, without a client.

use super::parse_nodes::cells;
use pgrx::pg_sys::{self, AlterTableCmd, DefElem, Node, NodeTag};
use std::ffi::CStr;

/// Why a statement cannot be part of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is about the server or a whole database.
    Server,
    /// PostgreSQL runs it outside of transactions only.
    Alone,
    /// It reads or writes what only a client has.
    Client,
}

/// Why this one cannot.
///
/// # Safety
/// `node` is a statement as the raw parser makes them.
pub unsafe fn why(node: *mut Node) -> Option<Unfit> {
    use NodeTag as N;
    // SAFETY: the caller's promise; each cast follows a look at the node's tag.
    let (kind, is_so) = unsafe {
        match (*node).type_ {
            N::T_AlterSystemStmt
            | N::T_CreatedbStmt
            | N::T_DropdbStmt
            | N::T_AlterDatabaseStmt
            | N::T_AlterDatabaseSetStmt
            | N::T_CreateTableSpaceStmt
            | N::T_DropTableSpaceStmt
            | N::T_CreateSubscriptionStmt
            | N::T_AlterSubscriptionStmt
            | N::T_DropSubscriptionStmt => (Unfit::Server, true),
            N::T_VacuumStmt => (Unfit::Alone, (*node.cast::<pg_sys::VacuumStmt>()).is_vacuumcmd),
            N::T_ClusterStmt => {
                (Unfit::Alone, (*node.cast::<pg_sys::ClusterStmt>()).relation.is_null())
            }
            N::T_ReindexStmt => (Unfit::Alone, is_alone(&*node.cast())),
            N::T_AlterTableStmt => (Unfit::Alone, detaches_concurrently(&*node.cast())),
            N::T_CopyStmt => {
                let copy = &*node.cast::<pg_sys::CopyStmt>();
                (Unfit::Client, copy.filename.is_null() && !copy.is_program)
            }
            _ => return None,
        }
    };
    is_so.then_some(kind)
}

/// Whether a REINDEX is of more than a table or index, or CONCURRENTLY.
///
/// # Safety
/// As `why`.
unsafe fn is_alone(reindex: &pg_sys::ReindexStmt) -> bool {
    use pg_sys::ReindexObjectType::{REINDEX_OBJECT_INDEX, REINDEX_OBJECT_TABLE};
    // SAFETY: the caller's promise: the parameters are named elements.
    let concurrently = unsafe {
        cells(reindex.params)
            .any(|element: &DefElem| CStr::from_ptr(element.defname) == c"concurrently")
    };
    concurrently || !matches!(reindex.kind, REINDEX_OBJECT_INDEX | REINDEX_OBJECT_TABLE)
}

/// # Safety
/// As `why`.
unsafe fn detaches_concurrently(alter: &pg_sys::AlterTableStmt) -> bool {
    // SAFETY: the caller's promise: a list of commands, and this one has a partition.
    unsafe {
        cells(alter.cmds).any(|command: &AlterTableCmd| {
            command.subtype == pg_sys::AlterTableType::AT_DetachPartition
                && (*command.def.cast::<pg_sys::PartitionCmd>()).concurrent
        })
    }
}
