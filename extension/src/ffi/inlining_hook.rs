//! needs_fmgr_hook: keeps the planner from inlining functions written in SQL inside a tenant. An
//! inlined body becomes part of a Query that the passes of the planner's hook have seen already;
//! one that is called is planned by itself, and comes by there.
//!
//! Functions that extensions brought are inlined as ever, but for those that return a set: only
//! these can bring a table into the Query, and the index support of extensions rests on the others.

use super::backend::is_parallel_worker;
use super::executor_hook::is_engaged;
use pgrx::pg_sys::{self, Datum, Oid, SysCacheIdentifier};
use pgrx::prelude::*;
use tenancy_core::catalog::FIRST_NORMAL_OID;
use tenancy_core::mutant;

/// OID of the language SQL in every database.
const SQL_LANGUAGE: u32 = 14;

static mut PREVIOUS_NEED: pg_sys::needs_fmgr_hook_type = None;
static mut PREVIOUS: pg_sys::fmgr_hook_type = None;

/// Installs the hook. For _PG_init.
pub fn install() {
    // SAFETY: runs once, in the postmaster, before any backend exists.
    unsafe {
        PREVIOUS_NEED = pg_sys::needs_fmgr_hook;
        PREVIOUS = pg_sys::fmgr_hook;
        pg_sys::needs_fmgr_hook = Some(needed);
        pg_sys::fmgr_hook = Some(trampoline);
    }
}

// A plain frame: an error may jump over it.
unsafe extern "C-unwind" fn needed(function: Oid) -> bool {
    // SAFETY: PostgreSQL's own argument, passed on.
    unsafe {
        PREVIOUS_NEED.is_some_and(|previous| previous(function))
            || (is_engaged() || is_parallel_worker()) && keeps_whole(function)
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn keeps_whole(function: Oid) -> bool {
    if mutant::disabled("catalog.inlining") {
        return false;
    }
    // SAFETY: looks into the catalog cache.
    unsafe {
        if !is_sql(function) {
            return false;
        }
        let own = function.to_u32() >= FIRST_NORMAL_OID
            && pg_sys::getExtensionOfObject(pg_sys::ProcedureRelationId, function) == Oid::INVALID;
        own || pg_sys::get_func_retset(function)
    }
}

unsafe fn is_sql(function: Oid) -> bool {
    // SAFETY: the tuple is released after its last use.
    unsafe {
        let cache = SysCacheIdentifier::PROCOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, Datum::from(function));
        if tuple.is_null() {
            return false;
        }
        let row = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>();
        let language = (*row).prolang;
        pg_sys::ReleaseSysCache(tuple);
        language.to_u32() == SQL_LANGUAGE
    }
}

/// Passes the calls on to whoever asked for them; we need none.
// A plain frame: an error may jump over it.
unsafe extern "C-unwind" fn trampoline(
    event: pg_sys::FmgrHookEventType::Type,
    function: *mut pg_sys::FmgrInfo,
    argument: *mut Datum,
) {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        if let (Some(need), Some(previous)) = (PREVIOUS_NEED, PREVIOUS)
            && need((*function).fn_oid)
        {
            previous(event, function, argument);
        }
    }
}
