//! Names of functions by OID, and the other way round.

use pgrx::pg_sys::{self, Datum, Oid};
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

/// Whether the function is `set_config()`.
pub fn is_set_config(function: Oid) -> bool {
    function.to_u32() == pg_sys::F_SET_CONFIG
}

/// The name of a function.
pub fn name(function: Oid) -> Option<String> {
    // SAFETY: looks into the catalog cache; the name is a palloc'd string or null.
    unsafe {
        let name = pg_sys::get_func_name(function);
        (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
    }
}

/// `tenancy.own(oid)`.
pub(super) fn own_objects() -> Oid {
    ours(c"own", &[pg_sys::OIDOID])
}

/// `tenancy.has_role(oid, text)`.
pub(super) fn has_role() -> Oid {
    ours(c"has_role", &[pg_sys::OIDOID, pg_sys::TEXTOID])
}

/// A function in schema `tenancy`; the invalid OID, which cannot be executed, when the extension is
/// gone.
fn ours(name: &CStr, arguments: &[Oid]) -> Oid {
    // SAFETY: looks into the catalog cache by the index on name, argument types and schema.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"tenancy".as_ptr(), true);
        let arguments = pg_sys::buildoidvector(arguments.as_ptr(), arguments.len() as i32);
        pg_sys::GetSysCacheOid(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
            pg_sys::Anum_pg_proc_oid as _,
            Datum::from(name.as_ptr()),
            Datum::from(arguments),
            Datum::from(schema),
            Datum::from(0),
        )
    }
}

/// Whether the function is in a schema of the extension.
pub fn is_of_the_extension(function: Oid) -> bool {
    // SAFETY: looks into the catalog caches; the name is a palloc'd string or null.
    unsafe {
        let name = pg_sys::get_namespace_name(pg_sys::get_func_namespace(function));
        !name.is_null() && [c"tenancy", c"tenancy_checked"].contains(&CStr::from_ptr(name))
    }
}
