//! Names in SQL, as PostgreSQL writes them.

use pgrx::pg_sys;
use std::ffi::{CStr, CString};

/// A name as an identifier, in quotes only where it needs them. Empty when it holds a NUL.
pub fn quoted(name: &str) -> String {
    let Ok(name) = CString::new(name) else { return String::new() };
    // SAFETY: the string lives through the call; the result is it, or palloc'd, and ends with a NUL.
    unsafe { CStr::from_ptr(pg_sys::quote_identifier(name.as_ptr())) }
        .to_string_lossy()
        .into_owned()
}
