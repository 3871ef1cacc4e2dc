//! ExecutorStart: called back before every planned statement, nested ones included.

use pgrx::pg_sys::{self, Oid, QueryDesc};
use pgrx::prelude::*;
use std::ffi::c_int;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// A statement that is about to run.
pub struct Statement(*mut pg_sys::PlannedStmt);

impl Statement {
    /// The function that the statement calls, when it does nothing else: `SELECT f(...)` without
    /// a table, a subquery or a second column.
    pub fn bare_call(&self) -> Option<Oid> {
        // SAFETY: the plan lives for the time of the callback; each pointer is checked before it
        // is followed, each cast follows a look at the node's tag.
        unsafe {
            let statement = self.0.as_ref()?;
            let plan = statement.planTree.as_ref()?;
            let bare = statement.commandType == pg_sys::CmdType::CMD_SELECT
                && statement.subplans.is_null()
                && plan.type_ == pg_sys::NodeTag::T_Result
                && plan.lefttree.is_null();
            let columns = plan.targetlist.as_ref().filter(|list| bare && list.length == 1)?;
            let entry = (*columns.elements).ptr_value.cast::<pg_sys::TargetEntry>().as_ref()?;
            let call = entry.expr.cast::<pg_sys::FuncExpr>().as_ref()?;
            (call.xpr.type_ == pg_sys::NodeTag::T_FuncExpr).then_some(call.funcid)
        }
    }
}

/// Whether this backend wants to be called back at all: off for ordinary sessions, which then
/// pay one load and a branch.
static ENGAGED: AtomicBool = AtomicBool::new(false);
static BEFORE: OnceLock<fn(&Statement)> = OnceLock::new();
static mut PREVIOUS: pg_sys::ExecutorStart_hook_type = None;

unsafe extern "C-unwind" {
    // Past pgrx's guard: an error of PostgreSQL must keep every field on its way through.
    #[link_name = "standard_ExecutorStart"]
    fn standard(query: *mut QueryDesc, flags: c_int);
}

/// Turns the callbacks of this and the utility hook on or off for this backend.
pub fn engage(on: bool) {
    ENGAGED.store(on, Ordering::Relaxed);
}

/// Whether callbacks are on.
#[inline]
pub(super) fn is_engaged() -> bool {
    ENGAGED.load(Ordering::Relaxed)
}

/// Installs the hook. For _PG_init.
pub fn install(before: fn(&Statement)) {
    let _ = BEFORE.set(before);
    // SAFETY: runs once, in the postmaster, before any backend exists.
    unsafe {
        PREVIOUS = pg_sys::ExecutorStart_hook;
        pg_sys::ExecutorStart_hook = Some(trampoline);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn guarded(query: *mut QueryDesc) {
    if let Some(before) = BEFORE.get() {
        // SAFETY: PostgreSQL hands over a valid query.
        before(&Statement(unsafe { (*query).plannedstmt }));
    }
}

// A plain frame: an error may jump over it.
unsafe extern "C-unwind" fn trampoline(query: *mut QueryDesc, flags: c_int) {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        if is_engaged() {
            guarded(query);
        }
        match PREVIOUS {
            Some(previous) => previous(query, flags),
            None => standard(query, flags),
        }
    }
}
