//! Statements that say by a field what kind of object they are about.

use super::{cells, rights, string, text};
use crate::ffi::object_kinds;
use pgrx::pg_sys::{self, List, Node, NodeTag};
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
            N::T_CreateFunctionStmt => {
                let create = &*node.cast::<pg_sys::CreateFunctionStmt>();
                return Some(S::Object(routine(create.options)));
            }
            N::T_AlterFunctionStmt => {
                let alter = &*node.cast::<pg_sys::AlterFunctionStmt>();
                return Some(S::Object(routine(alter.actions)));
            }
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

/// What options make of a routine.
///
/// # Safety
/// A list of options, or null.
unsafe fn routine(options: *mut List) -> Object {
    // SAFETY: the list holds nodes of this type, and the language is a string.
    unsafe {
        let options = || cells::<pg_sys::DefElem>(options);
        let of_name = |name: &'static str| options().filter(move |o| text(o.defname) == name);
        let native =
            |language: String| ["c", "internal"].contains(&language.to_ascii_lowercase().as_str());
        if of_name("language").any(|option| native(string(option.arg))) {
            return Object::NativeRoutine;
        }
        let definer = of_name("security").any(|option| boolean(option.arg));
        if definer { Object::DefinerRoutine } else { Object::InSchema }
    }
}

/// # Safety
/// A node of the parser, or null; anything but a boolean node is false.
unsafe fn boolean(node: *mut Node) -> bool {
    // SAFETY: the cast follows a look at the node's tag.
    unsafe {
        node.as_ref().is_some_and(|n| n.type_ == NodeTag::T_Boolean)
            && (*node.cast::<pg_sys::Boolean>()).boolval
    }
}
