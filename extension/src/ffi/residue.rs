//! What a session leaves behind, kind by kind: finding it and removing it.

use super::{pg_compat, used_sequences};
use pgrx::IntoDatum;
use pgrx::pg_sys::PreparedStatement;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use pgrx::pg_sys::{self, Oid};
use std::ffi::{CStr, c_char};

/// Lock method of advisory locks (USER_LOCKMETHOD in storage/lock.h).
const USER_LOCK_METHOD: u16 = 2;

unsafe extern "C-unwind" {
    #[link_name = "Async_UnlistenAll"]
    fn async_unlisten_all();
    #[link_name = "ResetSequenceCaches"]
    fn reset_sequence_caches();
    #[link_name = "ThereAreNoReadyPortals"]
    fn no_ready_portals() -> bool;
    // Past pgrx's guard, on the hot path: without `throw` it cannot raise.
    #[link_name = "FetchPreparedStatement"]
    fn fetch_prepared_statement(name: *const c_char, throw: bool) -> *mut PreparedStatement;
}

/// Drops every object in the session's temporary schema, if it ever had one.
pub fn drop_temp_objects() {
    let (mut objects, mut toast) = (Oid::INVALID, Oid::INVALID);
    // SAFETY: what DISCARD TEMP calls; inside a transaction. Before a commit there is no snapshot
    // left, and dropping needs one.
    unsafe {
        pg_sys::GetTempNamespaceState(&mut objects, &mut toast);
        if objects != Oid::INVALID {
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            pg_sys::ResetTempTableNamespace();
            pg_sys::PopActiveSnapshot();
        }
    }
}

/// Closes every cursor but the one that is running.
pub fn close_portals() {
    // SAFETY: what DISCARD ALL calls; it leaves the active portal alone.
    unsafe { pg_sys::PortalHashTableDeleteAll() }
}

/// Whether a cursor is open, between two transactions: one WITH HOLD. Never raises.
pub fn holds_cursors() -> bool {
    // SAFETY: looks through the table of portals up to the first that is open.
    unsafe { !no_ready_portals() }
}

/// How the prepared statement of this name came to be: by SQL, else by the protocol. `None` when
/// there is none.
pub fn is_prepared_by_sql(name: &CStr) -> Option<bool> {
    // SAFETY: without `throwError` an unknown name gives null; the statement lives until dropped.
    unsafe { fetch_prepared_statement(name.as_ptr(), false).as_ref() }.map(|s| s.from_sql)
}

/// Drops a statement prepared by SQL; one of the protocol under the same name stays.
pub fn drop_prepared_statement(name: &CStr) {
    // SAFETY: without `throwError` an unknown name gives null; the statement lives until dropped.
    unsafe {
        let statement = fetch_prepared_statement(name.as_ptr(), false);
        if !statement.is_null() && (*statement).from_sql {
            pg_sys::DropPreparedStatement(name.as_ptr(), false);
        }
    }
}

/// Gives every setting of the session its default again.
pub fn reset_settings() {
    if pg_compat::may_be_reset() {
        // SAFETY: what RESET ALL calls; inside a transaction.
        unsafe { pg_sys::ResetAllOptions() }
    }
}

/// Stops listening, on commit.
pub fn unlisten() {
    // SAFETY: what UNLISTEN * calls; inside a transaction.
    unsafe { pg_guard_ffi_boundary(|| async_unlisten_all()) }
}

/// Releases every advisory lock of the session and the transaction, at once.
pub fn release_advisory_locks() {
    // SAFETY: what pg_advisory_unlock_all() calls.
    unsafe { pg_sys::LockReleaseAll(USER_LOCK_METHOD, true) }
}

/// Forgets what currval() and lastval() would tell.
pub fn forget_sequences() {
    // SAFETY: what DISCARD SEQUENCES calls.
    unsafe { pg_guard_ffi_boundary(|| reset_sequence_caches()) }
    used_sequences::discarded();
}

/// Makes random() unpredictable again, whatever setseed() made of it.
pub fn reseed(random: [u8; 4]) {
    let fraction = f64::from(u32::from_ne_bytes(random)) / f64::from(u32::MAX);
    // SAFETY: a function of one double precision argument in -1 .. 1.
    unsafe { pgrx::direct_function_call::<()>(pg_sys::setseed, &[fraction.into_datum()]) };
}
