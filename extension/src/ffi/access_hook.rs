//! object_access_hook: called back before a function runs, however it is called: from a plan, by
//! EXECUTE, CALL or COPY, or by a fast-path message that no other hook sees; and when a relation, a
//! type or a function has been made.

use super::backend::is_parallel_worker;
use super::executor_hook::is_engaged;
use pgrx::pg_sys::{self, ObjectAccessType, Oid};
use pgrx::prelude::*;
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

static BEFORE: OnceLock<fn(Oid)> = OnceLock::new();
static MADE: OnceLock<fn(Oid, Oid)> = OnceLock::new();
static mut PREVIOUS: pg_sys::object_access_hook_type = None;

/// Installs the hook. `before` may refuse a function, `made` an object of a catalog. For _PG_init.
pub fn install(before: fn(Oid), made: fn(Oid, Oid)) {
    let _ = (BEFORE.set(before), MADE.set(made));
    // SAFETY: runs once, in the postmaster, before any backend exists.
    unsafe {
        PREVIOUS = pg_sys::object_access_hook;
        pg_sys::object_access_hook = Some(trampoline);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn guarded(function: Oid) {
    if let Some(before) = BEFORE.get() {
        before(function);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn guarded_made(class: Oid, object: Oid) {
    let counted = [pg_sys::RelationRelationId, pg_sys::TypeRelationId, pg_sys::ProcedureRelationId];
    if let (true, Some(made)) = (counted.contains(&class), MADE.get()) {
        made(class, object);
    }
}

// A plain frame: an error may jump over it.
unsafe extern "C-unwind" fn trampoline(
    access: ObjectAccessType::Type,
    class: Oid,
    object: Oid,
    sub: c_int,
    argument: *mut c_void,
) {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        if access == ObjectAccessType::OAT_FUNCTION_EXECUTE
            && (is_engaged() || is_parallel_worker())
        {
            guarded(object);
        }
        if access == ObjectAccessType::OAT_POST_CREATE && sub == 0 && is_engaged() {
            guarded_made(class, object);
        }
        if let Some(previous) = PREVIOUS {
            previous(access, class, object, sub, argument);
        }
    }
}
