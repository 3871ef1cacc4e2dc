//! Everything that differs between PostgreSQL 15 and 18.

use pgrx::pg_sys;
use std::ffi::CStr;

/// The record of a string setting, null when there is none of that name.
pub fn find_string_setting(name: &CStr) -> *mut pg_sys::config_string {
    find_setting(name).cast()
}

/// The record of a setting of any type, null when there is none of that name.
#[cfg(feature = "pg15")]
pub fn find_setting(name: &CStr) -> *mut pg_sys::config_generic {
    unsafe extern "C-unwind" {
        fn GetNumConfigOptions() -> std::ffi::c_int;
    }
    // SAFETY: the array holds GetNumConfigOptions() records, sorted by name without regard to
    // case, which for the names that we ask for is the order of bytes.
    unsafe {
        let count = usize::try_from(GetNumConfigOptions()).unwrap_or(0);
        let all = std::slice::from_raw_parts(pg_sys::get_guc_variables(), count);
        all.iter()
            .find(|record| CStr::from_ptr((***record).name) == name)
            .map_or(std::ptr::null_mut(), |record| *record)
    }
}

/// The record of a setting of any type, null when there is none of that name.
#[cfg(not(feature = "pg15"))]
pub fn find_setting(name: &CStr) -> *mut pg_sys::config_generic {
    // SAFETY: with `skip_errors` an unknown name gives null.
    unsafe { pg_sys::find_option(name.as_ptr(), false, true, 0) }
}

/// This backend's place among all backends, from 0.
#[cfg(any(feature = "pg15", feature = "pg16"))]
pub fn backend_index() -> usize {
    // SAFETY: reads a global; it counts from 1.
    unsafe { usize::try_from(pg_sys::MyBackendId - 1).unwrap_or(usize::MAX) }
}

/// This backend's place among all backends, from 0.
#[cfg(not(any(feature = "pg15", feature = "pg16")))]
pub fn backend_index() -> usize {
    // SAFETY: reads a global.
    unsafe { usize::try_from(pg_sys::MyProcNumber).unwrap_or(usize::MAX) }
}

/// Whether another backend has a transaction open.
#[cfg(any(feature = "pg15", feature = "pg16"))]
pub fn has_transaction(proc: &pg_sys::PGPROC) -> bool {
    // The other backend writes it at any time: one plain read, as PostgreSQL's own code does.
    // SAFETY: a field of shared memory that stays mapped.
    unsafe { std::ptr::read_volatile(&raw const proc.lxid) != 0 }
}

/// Whether another backend has a transaction open.
#[cfg(not(any(feature = "pg15", feature = "pg16")))]
pub fn has_transaction(proc: &pg_sys::PGPROC) -> bool {
    // SAFETY: a field of shared memory that stays mapped.
    unsafe { std::ptr::read_volatile(&raw const proc.vxid.lxid) != 0 }
}
