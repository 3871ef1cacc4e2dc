//! DROP and ALTER ... IF EXISTS of something in a schema that shall look missing. PostgreSQL says
//! of what is missing that it skips it, and of what it denies that it is denied; an error cannot be
//! turned into a notice, so what is hidden is taken out of the statement before it runs.

use super::parse_nodes::{cells, string};
use pgrx::pg_sys::{self, List, Node, NodeTag, ObjectType, PlannedStmt, RangeVar};
use std::ffi::CStr;

/// The schema in which CREATE ... IF NOT EXISTS ... AS would look for a relation of the name before
/// it asks for the right to.
///
/// # Safety
/// `node` must be a utility statement's parse node.
pub unsafe fn looks_into(node: *mut Node) -> Option<String> {
    // SAFETY: the caller's promise; each cast follows a look at the node's tag.
    unsafe {
        match (*node).type_ {
            NodeTag::T_ExplainStmt => {
                let query = (*node.cast::<pg_sys::ExplainStmt>()).query.cast::<pg_sys::Query>();
                let inner = query.as_ref().filter(|q| q.type_ == NodeTag::T_Query)?.utilityStmt;
                if inner.is_null() { None } else { looks_into(inner) }
            }
            NodeTag::T_CreateTableAsStmt => {
                let create = &*node.cast::<pg_sys::CreateTableAsStmt>();
                let name = create.into.as_ref()?.rel.as_ref()?;
                let asks = create.if_not_exists && !name.schemaname.is_null();
                asks.then(|| text(name.schemaname))
            }
            _ => None,
        }
    }
}

/// What a client is told about something that is skipped.
pub enum Skipped {
    /// The schema does not exist.
    Schema(String),
    /// The relation does not exist.
    Relation(String),
}

/// The statement without what lies in a hidden schema: itself when nothing does, a copy when
/// something is left, null when nothing is.
///
/// # Safety
/// `statement` must be a utility statement.
pub unsafe fn without_hidden(
    statement: *mut PlannedStmt,
    hidden: fn(&str) -> bool,
    tell: fn(Skipped),
) -> *mut PlannedStmt {
    // SAFETY: the caller's promise; each cast follows a look at the node's tag.
    unsafe {
        let node = (*statement).utilityStmt;
        let relation = match (*node).type_ {
            NodeTag::T_DropStmt => return without_objects(statement, hidden, tell),
            NodeTag::T_AlterTableStmt => {
                let alter = &*node.cast::<pg_sys::AlterTableStmt>();
                alter.missing_ok.then_some(alter.relation)
            }
            NodeTag::T_RenameStmt => {
                let rename = &*node.cast::<pg_sys::RenameStmt>();
                rename.missing_ok.then_some(rename.relation)
            }
            NodeTag::T_AlterObjectSchemaStmt => {
                let alter = &*node.cast::<pg_sys::AlterObjectSchemaStmt>();
                alter.missing_ok.then_some(alter.relation)
            }
            NodeTag::T_AlterSeqStmt => {
                let alter = &*node.cast::<pg_sys::AlterSeqStmt>();
                alter.missing_ok.then_some(alter.sequence)
            }
            _ => None,
        };
        match relation.and_then(|r: *mut RangeVar| r.as_ref()) {
            Some(name) if !name.schemaname.is_null() && hidden(&text(name.schemaname)) => {
                tell(Skipped::Relation(text(name.relname)));
                std::ptr::null_mut()
            }
            _ => statement,
        }
    }
}

/// # Safety
/// A string that ends with NUL.
unsafe fn text(string: *const std::ffi::c_char) -> String {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}

/// # Safety
/// `statement` must be DROP.
unsafe fn without_objects(
    statement: *mut PlannedStmt,
    hidden: fn(&str) -> bool,
    tell: fn(Skipped),
) -> *mut PlannedStmt {
    // SAFETY: the caller's promise; the copy is palloc'd and ours.
    unsafe {
        let drop = &*(*statement).utilityStmt.cast::<pg_sys::DropStmt>();
        let schema_of = |object| schema(object, drop.removeType).filter(|name| hidden(name));
        let known = |object: &&Node| schema_of(std::ptr::from_ref(*object)).is_none();
        let total = cells::<Node>(drop.objects).count();
        let left: Vec<&Node> = cells::<Node>(drop.objects).filter(known).collect();
        if !drop.missing_ok || left.len() == total {
            return statement;
        }
        let missing = cells::<Node>(drop.objects).filter_map(|o| schema_of(std::ptr::from_ref(o)));
        missing.for_each(|name| tell(Skipped::Schema(name)));
        if left.is_empty() {
            return std::ptr::null_mut();
        }
        let objects = left.iter().fold(std::ptr::null_mut(), |list, object| {
            pg_sys::lappend(list, std::ptr::from_ref(*object).cast_mut().cast())
        });
        let copy = pg_sys::copyObjectImpl(statement.cast()).cast::<PlannedStmt>();
        (*(*copy).utilityStmt.cast::<pg_sys::DropStmt>()).objects = objects;
        copy
    }
}

/// The schema that an object is named with.
///
/// # Safety
/// A node of a DROP's list, for the kind of object that it drops.
unsafe fn schema(object: *const Node, kind: ObjectType::Type) -> Option<String> {
    use ObjectType as O;
    // What hangs on a relation comes behind its name, and an access method before the name.
    let (behind, before) = match kind {
        O::OBJECT_TRIGGER | O::OBJECT_RULE | O::OBJECT_POLICY => (1, 0),
        O::OBJECT_OPCLASS | O::OBJECT_OPFAMILY => (0, 1),
        _ => (0, 0),
    };
    // SAFETY: each cast follows a look at the node's tag; the lists hold string nodes.
    unsafe {
        let names = match (*object).type_ {
            NodeTag::T_List => object.cast::<List>().cast_mut(),
            NodeTag::T_TypeName => (*object.cast::<pg_sys::TypeName>()).names,
            NodeTag::T_ObjectWithArgs => (*object.cast::<pg_sys::ObjectWithArgs>()).objname,
            _ => return None,
        };
        let names: Vec<&Node> = cells::<Node>(names).collect();
        let at = names.len().checked_sub(2 + behind)?;
        (at >= before).then(|| string(std::ptr::from_ref(names[at]).cast_mut()))
    }
}
