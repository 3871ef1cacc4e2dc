//! Names of functions by OID.

use pgrx::pg_sys::{self, Oid};
use std::ffi::CStr;

/// Whether the function is one of `names` in schema `tenancy`.
pub fn is_ours(function: Oid, names: &[&CStr]) -> bool {
    // SAFETY: looks into the catalog cache; the name is a palloc'd string or null.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"tenancy".as_ptr(), true);
        if schema == Oid::INVALID || pg_sys::get_func_namespace(function) != schema {
            return false;
        }
        let name = pg_sys::get_func_name(function);
        !name.is_null() && names.contains(&CStr::from_ptr(name))
    }
}
