//! ProcessUtility: called back before every utility statement with a plain description of it.

use super::executor_hook::is_engaged;
use pgrx::pg_sys::{self, NodeTag, ObjectType, PlannedStmt, TransactionStmtKind};
use pgrx::prelude::*;
use std::ffi::{CStr, c_char};
use std::sync::OnceLock;
use tenancy_core::guard::Utility;

static BEFORE: OnceLock<fn(Utility)> = OnceLock::new();
static PREPARES: OnceLock<fn(String)> = OnceLock::new();
static mut PREVIOUS: pg_sys::ProcessUtility_hook_type = None;

unsafe extern "C-unwind" {
    // Past pgrx's guard: an error of PostgreSQL must keep every field on its way through.
    #[link_name = "standard_ProcessUtility"]
    fn standard(
        statement: *mut PlannedStmt,
        text: *const c_char,
        read_only_tree: bool,
        context: pg_sys::ProcessUtilityContext::Type,
        parameters: pg_sys::ParamListInfo,
        environment: *mut pg_sys::QueryEnvironment,
        destination: *mut pg_sys::DestReceiver,
        completion: *mut pg_sys::QueryCompletion,
    );
}

/// Installs the hook. `before` may refuse; `prepares` hears the name of each SQL PREPARE. For
/// _PG_init.
pub fn install(before: fn(Utility), prepares: fn(String)) {
    let _ = (BEFORE.set(before), PREPARES.set(prepares));
    // SAFETY: runs once, in the postmaster, before any backend exists.
    unsafe {
        PREVIOUS = pg_sys::ProcessUtility_hook;
        pg_sys::ProcessUtility_hook = Some(trampoline);
    }
}

/// # Safety
/// `node` must be a utility statement's parse node.
unsafe fn describe(node: *mut pg_sys::Node) -> Utility {
    use NodeTag as N;
    // SAFETY: each cast follows a look at the node's tag.
    unsafe {
        match (*node).type_ {
            N::T_TransactionStmt => transaction((*node.cast::<pg_sys::TransactionStmt>()).kind),
            N::T_CreateRoleStmt
            | N::T_AlterRoleStmt
            | N::T_AlterRoleSetStmt
            | N::T_DropRoleStmt => Utility::Role,
            N::T_GrantRoleStmt | N::T_DropOwnedStmt | N::T_ReassignOwnedStmt => Utility::Role,
            N::T_LoadStmt => Utility::Load,
            N::T_AlterSystemStmt | N::T_AlterDatabaseStmt | N::T_AlterDatabaseSetStmt => {
                Utility::System
            }
            N::T_CreatedbStmt | N::T_DropdbStmt => Utility::System,
            N::T_RenameStmt => renames((*node.cast::<pg_sys::RenameStmt>()).renameType),
            N::T_CommentStmt => renames((*node.cast::<pg_sys::CommentStmt>()).objtype),
            _ => Utility::Other,
        }
    }
}

fn transaction(kind: TransactionStmtKind::Type) -> Utility {
    use TransactionStmtKind::{
        TRANS_STMT_COMMIT_PREPARED, TRANS_STMT_PREPARE, TRANS_STMT_ROLLBACK_PREPARED,
    };
    match kind {
        TRANS_STMT_PREPARE | TRANS_STMT_COMMIT_PREPARED | TRANS_STMT_ROLLBACK_PREPARED => {
            Utility::TwoPhaseCommit
        }
        _ => Utility::TransactionControl,
    }
}

fn renames(object: ObjectType::Type) -> Utility {
    match object {
        ObjectType::OBJECT_ROLE => Utility::Role,
        ObjectType::OBJECT_DATABASE => Utility::System,
        _ => Utility::Other,
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn guarded(statement: *mut PlannedStmt) {
    // SAFETY: PostgreSQL hands over a valid utility statement.
    unsafe {
        let node = (*statement).utilityStmt;
        if let (true, Some(before)) = (is_engaged(), BEFORE.get()) {
            before(describe(node));
        }
        if (*node).type_ == NodeTag::T_PrepareStmt {
            let name = (*node.cast::<pg_sys::PrepareStmt>()).name;
            if let (false, Some(prepares)) = (name.is_null(), PREPARES.get()) {
                prepares(CStr::from_ptr(name).to_string_lossy().into_owned());
            }
        }
    }
}

// A plain frame: an error may jump over it.
unsafe extern "C-unwind" fn trampoline(
    statement: *mut PlannedStmt,
    text: *const c_char,
    read_only_tree: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    parameters: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    destination: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        guarded(statement);
        let next = PREVIOUS.unwrap_or(standard);
        next(
            statement,
            text,
            read_only_tree,
            context,
            parameters,
            environment,
            destination,
            completion,
        );
    }
}
