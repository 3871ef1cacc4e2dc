//! Statements that say by a field what kind of object they are about.

use super::{cells, rights, string, text};
use crate::ffi::object_kinds;
use pgrx::pg_sys::{self, Node, NodeTag};
use tenancy_core::guard::{Object, Statement};

/// Describes a statement of these; `None` for another.
///
/// # Safety
/// As `parse_nodes::describe`.
pub unsafe fn describe(node: *mut Node) -> Option<Statement> {
    use NodeTag as N;
    use Statement as S;
    // SAFETY: the caller's promise; each cast follows a look at the node's tag.
    unsafe {
        let kind = match (*node).type_ {
            N::T_RenameStmt => (*node.cast::<pg_sys::RenameStmt>()).renameType,
            N::T_CommentStmt => (*node.cast::<pg_sys::CommentStmt>()).objtype,
            N::T_DropStmt => (*node.cast::<pg_sys::DropStmt>()).removeType,
            N::T_DefineStmt => (*node.cast::<pg_sys::DefineStmt>()).kind,
            N::T_AlterOwnerStmt => return Some(S::Owner),
            N::T_SecLabelStmt => return Some(S::Label),
            N::T_GrantStmt => return Some(S::Grant(rights::grant(&*node.cast()))),
            N::T_AlterDefaultPrivilegesStmt => {
                return Some(S::Grant(rights::default_privileges(&*node.cast())));
            }
            N::T_CreateFunctionStmt => return Some(routine(&*node.cast())),
            N::T_AlterObjectSchemaStmt => {
                let alter = &*node.cast::<pg_sys::AlterObjectSchemaStmt>();
                let object = object_kinds::by_type(alter.objectType);
                return Some(S::Move(object, text(alter.newschema)));
            }
            _ => return None,
        };
        Some(S::Object(object_kinds::by_type(kind)))
    }
}

/// # Safety
/// As `parse_nodes::describe`.
unsafe fn routine(create: &pg_sys::CreateFunctionStmt) -> Statement {
    // SAFETY: the list holds nodes of this type, and the language is a string.
    let native = unsafe {
        cells::<pg_sys::DefElem>(create.options)
            .filter(|option| text(option.defname) == "language")
            .map(|option| string(option.arg))
            .any(|language| ["c", "internal"].contains(&language.to_ascii_lowercase().as_str()))
    };
    Statement::Object(if native { Object::NativeRoutine } else { Object::InSchema })
}
