//! ProcessUtility: called back before every utility statement with a plain description of it, and
//! does what comes back.

use super::executor_hook::is_engaged;
use super::if_exists::{self, Skipped};
use super::{client_messages, explained, parse_nodes};
use pgrx::pg_sys::{self, Node, NodeTag, PlannedStmt};
use pgrx::prelude::*;
use std::ffi::{CStr, CString, c_char};
use std::sync::OnceLock;
use tenancy_core::guard::Statement;
use tenancy_core::pooling::Lasting;

/// A statement that is about to run.
pub struct Call {
    /// What it is.
    pub statement: Statement,
    /// Whether it is SAVEPOINT.
    pub opens_savepoint: bool,
    /// What it leaves behind its transaction.
    pub lasting: Option<Lasting>,
    top_level: bool,
}

impl Call {
    /// Raises 25001 inside a transaction block or a function, as PostgreSQL does for a statement
    /// of this name.
    pub fn require_own_transaction(&self, name: &CStr) {
        // SAFETY: reads the transaction state.
        unsafe { pg_sys::PreventInTransactionBlock(self.top_level, name.as_ptr()) }
    }
}

/// What is to be done with a statement.
pub enum Then {
    /// It runs.
    Run,
    /// It is done already.
    Done,
    /// It runs on another channel.
    OnChannel(String),
}

/// Who is called back.
#[derive(Clone, Copy)]
pub struct Listener {
    /// Before each EXECUTE of an engaged backend, with the name: whether it runs. One that does not
    /// is decided as any other statement.
    pub executes: fn(&CStr) -> bool,
    /// Before each statement of an engaged backend; may refuse.
    pub before: fn(&Call) -> Then,
    /// After each statement but EXECUTE and those that may end transactions, of an engaged backend;
    /// may refuse.
    pub after: fn(),
    /// Before each PREPARE of any backend, with the name.
    pub prepares: fn(&CStr),
    /// Whether a schema shall look missing.
    pub hidden: fn(&str) -> bool,
    /// Before a statement looks into a schema without asking for the right to; may refuse.
    pub looks_into: fn(&str),
    /// What IF EXISTS passes over.
    pub skips: fn(Skipped),
}

static LISTENER: OnceLock<Listener> = OnceLock::new();
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

/// Installs the hook. For _PG_init.
pub fn install(listener: Listener) {
    let _ = LISTENER.set(listener);
    // SAFETY: runs once, in the postmaster, before any backend exists.
    unsafe {
        PREVIOUS = pg_sys::ProcessUtility_hook;
        pg_sys::ProcessUtility_hook = Some(trampoline);
    }
}

/// The statement to run, null for none.
#[pg_guard]
unsafe extern "C-unwind" fn guarded(
    statement: *mut PlannedStmt,
    context: pg_sys::ProcessUtilityContext::Type,
) -> *mut PlannedStmt {
    let Some(listener) = LISTENER.get() else { return statement };
    // SAFETY: PostgreSQL hands over a valid utility statement.
    unsafe {
        let node = (*statement).utilityStmt;
        if is_engaged() && name_to_execute(node).is_some_and(|name| (listener.executes)(name)) {
            return statement;
        }
        let then = if is_engaged() {
            let top_level = context == pg_sys::ProcessUtilityContext::PROCESS_UTILITY_TOPLEVEL;
            let statement = parse_nodes::describe(node);
            let opens_savepoint = is_savepoint(node);
            // A part of another statement, as a column's sequence, goes with the whole.
            let part = context == pg_sys::ProcessUtilityContext::PROCESS_UTILITY_SUBCOMMAND;
            let lasting = if part { None } else { parse_nodes::lasting(node) };
            (listener.before)(&Call { statement, opens_savepoint, lasting, top_level })
        } else {
            Then::Run
        };
        watch(node, *listener);
        match then {
            Then::Run if is_engaged() => {
                if let Some(schema) = if_exists::looks_into(node) {
                    (listener.looks_into)(&schema);
                }
                if_exists::without_hidden(statement, listener.hidden, listener.skips)
            }
            Then::Run => statement,
            Then::Done => std::ptr::null_mut(),
            Then::OnChannel(channel) => on_channel(statement, channel),
        }
    }
}

/// The name that an EXECUTE which stands for itself has.
///
/// # Safety
/// `node` must be a utility statement's parse node, which lives while the name is used.
unsafe fn name_to_execute<'a>(node: *mut Node) -> Option<&'a CStr> {
    // SAFETY: the caller's promise; the cast follows a look at the node's tag.
    unsafe {
        if (*node).type_ != NodeTag::T_ExecuteStmt {
            return None;
        }
        let name = (*node.cast::<pg_sys::ExecuteStmt>()).name;
        (!name.is_null()).then(|| CStr::from_ptr(name))
    }
}

/// # Safety
/// `node` must be a utility statement's parse node.
unsafe fn is_savepoint(node: *mut Node) -> bool {
    // SAFETY: the caller's promise; the cast follows a look at the node's tag.
    unsafe {
        (*node).type_ == NodeTag::T_TransactionStmt
            && (*node.cast::<pg_sys::TransactionStmt>()).kind
                == pg_sys::TransactionStmtKind::TRANS_STMT_SAVEPOINT
    }
}

/// Whether nothing is to be said behind a statement: one that may end transactions may leave none
/// to be refused, and what EXECUTE runs is a planned statement with a callback of its own.
///
/// # Safety
/// `statement` must be a utility statement.
unsafe fn passes_in_silence(statement: *mut PlannedStmt) -> bool {
    use NodeTag as N;
    // SAFETY: the caller's promise.
    let tag = unsafe { (*(*statement).utilityStmt).type_ };
    matches!(tag, N::T_TransactionStmt | N::T_CallStmt | N::T_DoStmt | N::T_ExecuteStmt)
}

#[pg_guard]
unsafe extern "C-unwind" fn guarded_after() {
    if let Some(listener) = LISTENER.get() {
        (listener.after)();
    }
}

/// Notes what a session will have later, in a context or not.
///
/// # Safety
/// `node` must be a utility statement's parse node.
unsafe fn watch(node: *mut Node, listener: Listener) {
    // SAFETY: the caller's promise; the cast follows a look at the node's tag.
    unsafe {
        match (*node).type_ {
            NodeTag::T_ListenStmt => client_messages::watch(),
            NodeTag::T_PrepareStmt => {
                let name = (*node.cast::<pg_sys::PrepareStmt>()).name;
                if !name.is_null() {
                    (listener.prepares)(CStr::from_ptr(name));
                }
            }
            _ => {}
        }
    }
}

/// A copy of the statement on another channel: the original may be a cached plan's.
///
/// # Safety
/// `statement` must be LISTEN, UNLISTEN or NOTIFY of a channel.
unsafe fn on_channel(statement: *mut PlannedStmt, channel: String) -> *mut PlannedStmt {
    let Ok(channel) = CString::new(channel) else { return statement };
    // SAFETY: the caller's promise; the copy is palloc'd and ours, each cast follows its tag.
    unsafe {
        let copy = pg_sys::copyObjectImpl(statement.cast()).cast::<PlannedStmt>();
        let name = pg_sys::pstrdup(channel.as_ptr());
        let node = (*copy).utilityStmt;
        match (*node).type_ {
            NodeTag::T_ListenStmt => (*node.cast::<pg_sys::ListenStmt>()).conditionname = name,
            NodeTag::T_UnlistenStmt => (*node.cast::<pg_sys::UnlistenStmt>()).conditionname = name,
            NodeTag::T_NotifyStmt => (*node.cast::<pg_sys::NotifyStmt>()).conditionname = name,
            _ => {}
        }
        copy
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
        let statement = guarded(statement, context);
        if statement.is_null() {
            return;
        }
        let tells = !passes_in_silence(statement);
        let before = explained::begin((*statement).utilityStmt, text);
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
        explained::end(before);
        if tells && is_engaged() {
            guarded_after();
        }
    }
}
