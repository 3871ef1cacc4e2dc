//! Statements about relations that are decided by more than the kind of object.

use super::{cells, rights};
use crate::ffi::{object_kinds, relation_names};
use pgrx::pg_sys::{self, Node, NodeTag};
use tenancy_core::guard::{Copy, Statement};

/// Describes a statement of these; `None` for another.
///
/// # Safety
/// As `parse_nodes::describe`.
pub unsafe fn describe(node: *mut Node) -> Option<Statement> {
    use NodeTag as N;
    use Statement as S;
    // SAFETY: the caller's promise; each cast follows a look at the node's tag.
    unsafe {
        Some(match (*node).type_ {
            N::T_CopyStmt => S::Copy(copy(&*node.cast())),
            N::T_LockStmt => {
                let lock = &*node.cast::<pg_sys::LockStmt>();
                let strong = lock.mode > pg_sys::RowExclusiveLock as i32;
                let targets = if strong { relation_names::targets(lock.relations) } else { vec![] };
                S::Lock { strong, targets }
            }
            N::T_TruncateStmt => S::Truncate,
            N::T_VacuumStmt => maintenance((*node.cast::<pg_sys::VacuumStmt>()).rels.is_null()),
            N::T_ClusterStmt => {
                maintenance((*node.cast::<pg_sys::ClusterStmt>()).relation.is_null())
            }
            N::T_ReindexStmt => {
                maintenance((*node.cast::<pg_sys::ReindexStmt>()).relation.is_null())
            }
            N::T_AlterTableStmt => alter_table(&*node.cast()),
            N::T_CreatePolicyStmt => {
                S::Policy(rights::roles((*node.cast::<pg_sys::CreatePolicyStmt>()).roles))
            }
            N::T_AlterPolicyStmt => {
                S::Policy(rights::roles((*node.cast::<pg_sys::AlterPolicyStmt>()).roles))
            }
            _ => return None,
        })
    }
}

fn maintenance(of_all: bool) -> Statement {
    if of_all { Statement::MaintenanceOfAll } else { Statement::Maintenance }
}

/// # Safety
/// As `parse_nodes::describe`.
unsafe fn copy(copy: &pg_sys::CopyStmt) -> Copy {
    if copy.is_program || !copy.filename.is_null() {
        return Copy::Server;
    }
    // SAFETY: the caller's promise; null when a query is copied.
    let relation = unsafe { copy.relation.as_ref() };
    // SAFETY: as above.
    unsafe {
        match relation {
            Some(name) if relation_names::is_catalog(name) => Copy::Catalog,
            Some(name) if !copy.is_from && relation_names::holds_references(name) => {
                Copy::References
            }
            _ => Copy::Client,
        }
    }
}

/// # Safety
/// As `parse_nodes::describe`.
unsafe fn alter_table(alter: &pg_sys::AlterTableStmt) -> Statement {
    // SAFETY: the list holds nodes of this type.
    let mut commands = unsafe { cells::<pg_sys::AlterTableCmd>(alter.cmds) };
    if commands.any(|command| command.subtype == pg_sys::AlterTableType::AT_ChangeOwner) {
        return Statement::Owner;
    }
    Statement::Object(object_kinds::by_type(alter.objtype))
}
