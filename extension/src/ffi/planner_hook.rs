//! planner_hook: passes over each Query before it is planned, inside a tenant only. Every plan
//! comes by here: statements, cursors, EXPLAIN, CREATE TABLE AS, COPY (query), and what functions
//! run by SPI. Views are expanded already, so a pass sees the tables behind them.
//!
//! A pass gets the whole Query once, walks it itself, and changes it in place (PostgreSQL hands the
//! planner a tree of its own; the planner scribbles on it too). Passes run in the order of the
//! list, each in a file of its own in this folder. Not here: expressions that are planned without
//! a Query (arguments of CALL and EXECUTE, defaults of COPY), and SQL functions that the planner
//! would inline after the passes (kept whole by the function manager's hook).

use super::backend::is_parallel_worker;
use super::executor_hook::is_engaged;
use super::explained;
use super::planted;
use super::roles::is_among_foreign_names;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::{c_char, c_int};
use std::sync::OnceLock;
use tenancy_core::mutant;

/// A Query that is about to be planned.
pub struct Statement {
    tree: *mut pg_sys::Query,
    /// Whether EXPLAIN will show the plan.
    pub(super) is_shown: bool,
}

impl Statement {
    /// The tree, valid and writable for the time of the pass.
    pub(super) fn tree(&self) -> *mut pg_sys::Query {
        self.tree
    }
}

/// A change that is made to each Query.
pub type Pass = fn(&Statement);

struct Listener {
    inside: fn() -> bool,
    passes: &'static [Pass],
}

static LISTENER: OnceLock<Listener> = OnceLock::new();
static mut PREVIOUS: pg_sys::planner_hook_type = None;

unsafe extern "C-unwind" {
    // Past pgrx's guard: an error of PostgreSQL must keep every field on its way through.
    #[link_name = "standard_planner"]
    fn standard(
        query: *mut pg_sys::Query,
        text: *const c_char,
        options: c_int,
        parameters: pg_sys::ParamListInfo,
    ) -> *mut pg_sys::PlannedStmt;
}

/// Installs the hook. `inside` says whether the passes apply now; it is asked in sessions with a
/// context and in parallel workers. For _PG_init.
pub fn install(inside: fn() -> bool, passes: &'static [Pass]) {
    let _ = LISTENER.set(Listener { inside, passes });
    // SAFETY: runs once, in the postmaster, before any backend exists.
    unsafe {
        PREVIOUS = pg_sys::planner_hook;
        pg_sys::planner_hook = Some(trampoline);
    }
}

/// Makes the passes; whether the session is inside.
#[pg_guard]
unsafe extern "C-unwind" fn guarded(query: *mut pg_sys::Query, text: *const c_char) -> bool {
    let Some(listener) = LISTENER.get() else { return false };
    if !(listener.inside)() {
        return false;
    }
    let statement = Statement { tree: query, is_shown: explained::is_shown(text) };
    listener.passes.iter().for_each(|pass| pass(&statement));
    true
}

/// Compiled expressions call PostgreSQL's functions by their symbols, so they would go past the
/// ones that `reg_io` puts in their place: inside a tenant, expressions are interpreted.
unsafe fn leave_interpreted(plan: *mut pg_sys::PlannedStmt) {
    if !mutant::disabled("function.compiled") {
        // SAFETY: a finished plan that nobody else has seen yet.
        unsafe { (*plan).jitFlags = pg_sys::PGJIT_NONE as c_int };
    }
}

// A plain frame: an error may jump over it.
unsafe extern "C-unwind" fn trampoline(
    query: *mut pg_sys::Query,
    text: *const c_char,
    options: c_int,
    parameters: pg_sys::ParamListInfo,
) -> *mut pg_sys::PlannedStmt {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        if is_among_foreign_names() {
            planted::refuse(query);
        }
        let asked = is_engaged() || is_parallel_worker() && !mutant::disabled("catalog.workers");
        let inside = asked && guarded(query, text);
        let plan = match PREVIOUS {
            Some(previous) => previous(query, text, options, parameters),
            None => standard(query, text, options, parameters),
        };
        if inside {
            leave_interpreted(plan);
        }
        plan
    }
}
