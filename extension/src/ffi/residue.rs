//! What a session leaves behind, kind by kind: finding it and removing it.

use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use std::ffi::CString;

/// Lock method of advisory locks (USER_LOCKMETHOD in storage/lock.h).
const USER_LOCK_METHOD: u16 = 2;

unsafe extern "C-unwind" {
    #[link_name = "Async_UnlistenAll"]
    fn async_unlisten_all();
    #[link_name = "ResetSequenceCaches"]
    fn reset_sequence_caches();
}

/// Whether the running transaction touched temporary objects.
pub fn temp_objects_touched() -> bool {
    // SAFETY: reads a global.
    unsafe { pg_sys::MyXactFlags as u32 & pg_sys::XACT_FLAGS_ACCESSEDTEMPNAMESPACE != 0 }
}

/// Drops every object in the session's temporary schema.
pub fn drop_temp_objects() {
    // SAFETY: what DISCARD TEMP calls; inside a transaction.
    unsafe { pg_sys::ResetTempTableNamespace() }
}

/// Closes every cursor but the one that is running.
pub fn close_portals() {
    // SAFETY: what DISCARD ALL calls; it leaves the active portal alone.
    unsafe { pg_sys::PortalHashTableDeleteAll() }
}

/// Drops a statement prepared by SQL; one of the protocol under the same name stays.
pub fn drop_prepared_statement(name: &str) {
    let Ok(name) = CString::new(name) else { return };
    // SAFETY: without `throwError` an unknown name gives null; the statement lives until dropped.
    unsafe {
        let statement = pg_sys::FetchPreparedStatement(name.as_ptr(), false);
        if !statement.is_null() && (*statement).from_sql {
            pg_sys::DropPreparedStatement(name.as_ptr(), false);
        }
    }
}

/// Removes what costs next to nothing when there is none: settings, LISTEN registrations,
/// advisory locks, sequence values. No hook can miss what is always removed.
pub fn reset_always() {
    // SAFETY: what DISCARD ALL calls, in its order; inside a transaction of its own.
    unsafe {
        pg_sys::ResetAllOptions();
        pg_guard_ffi_boundary(|| async_unlisten_all());
        pg_sys::LockReleaseAll(USER_LOCK_METHOD, true);
        pg_guard_ffi_boundary(|| reset_sequence_caches());
    }
}
