//! Facts about relations and schemas from the catalog caches: where a relation lies, to whom it is
//! granted, what kind of schema one is.

use super::pg_compat::{self, ACL_ITEM};
use pgrx::pg_sys::{self, AclItem, Datum, Oid, SysCacheIdentifier};
use std::ffi::CStr;

unsafe extern "C-unwind" {
    // Compares with two globals and cannot raise: past pgrx's guard, on the hot path.
    #[link_name = "isTempOrTempToastNamespace"]
    fn is_temp_or_temp_toast(schema: Oid) -> bool;
}

/// The schema of a relation; invalid when the relation is gone.
pub fn schema_of(relation: Oid) -> Oid {
    // SAFETY: looks into the catalog cache; inside a transaction.
    unsafe { pg_sys::get_rel_namespace(relation) }
}

/// The schema of a function; invalid when the function is gone.
pub fn schema_of_function(function: Oid) -> Oid {
    // SAFETY: looks into the catalog cache; inside a transaction.
    unsafe { pg_sys::get_func_namespace(function) }
}

/// The name of a schema; empty when it is gone.
pub fn schema_name(schema: Oid) -> String {
    // SAFETY: the result is a palloc'd string or null.
    text(unsafe { pg_sys::get_namespace_name(schema) })
}

/// The name of a relation; empty when it is gone.
pub fn relation_name(relation: Oid) -> String {
    // SAFETY: the result is a palloc'd string or null.
    text(unsafe { pg_sys::get_rel_name(relation) })
}

fn text(name: *const std::ffi::c_char) -> String {
    if name.is_null() {
        return String::new();
    }
    // SAFETY: just checked; PostgreSQL ends it with a NUL.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

/// Whether temporary objects of this session are in the schema.
pub fn is_own_temp(schema: Oid) -> bool {
    // SAFETY: compares with two globals.
    unsafe { is_temp_or_temp_toast(schema) }
}

/// Whether temporary objects of any session are in the schema.
pub fn is_temp(schema: Oid) -> bool {
    // SAFETY: looks into the catalog cache; inside a transaction.
    unsafe { pg_sys::isAnyTempNamespace(schema) }
}

/// The privileges on a relation that are granted to one role by name: not to PUBLIC, not to a role
/// that it is a member of, and to its columns as well.
pub fn granted(relation: Oid, role: Oid) -> u32 {
    let columns = 1..=columns(relation);
    columns.fold(granted_on_table(relation, role), |all, column| {
        all | granted_on_column(relation, column, role)
    })
}

fn columns(relation: Oid) -> i16 {
    // SAFETY: looks into the catalog cache; the tuple is released before the function returns.
    unsafe {
        let cache = SysCacheIdentifier::RELOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, Datum::from(relation));
        if tuple.is_null() {
            return 0;
        }
        let form: *const pg_sys::FormData_pg_class = pg_sys::GETSTRUCT(tuple).cast();
        let count = (*form).relnatts;
        pg_sys::ReleaseSysCache(tuple);
        count
    }
}

fn granted_on_table(relation: Oid, role: Oid) -> u32 {
    // SAFETY: looks into the catalog cache; the tuple is released after its list was read.
    unsafe {
        let cache = SysCacheIdentifier::RELOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, Datum::from(relation));
        granted_in(cache, tuple, pg_sys::Anum_pg_class_relacl as i16, role)
    }
}

fn granted_on_column(relation: Oid, column: i16, role: Oid) -> u32 {
    // SAFETY: as above.
    unsafe {
        let cache = SysCacheIdentifier::ATTNUM as i32;
        let tuple = pg_sys::SearchSysCache2(cache, Datum::from(relation), Datum::from(column));
        granted_in(cache, tuple, pg_sys::Anum_pg_attribute_attacl as i16, role)
    }
}

/// # Safety
/// `tuple` must be null or come from this cache, `column` hold an access control list.
unsafe fn granted_in(cache: i32, tuple: pg_sys::HeapTuple, column: i16, role: Oid) -> u32 {
    if tuple.is_null() {
        return 0;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let mut null = false;
        let list = pg_sys::SysCacheGetAttr(cache, tuple, column, &mut null);
        let privileges = if null { 0 } else { privileges_in(list, role) };
        pg_sys::ReleaseSysCache(tuple);
        privileges
    }
}

/// # Safety
/// `list` must be an access control list.
unsafe fn privileges_in(list: Datum, role: Oid) -> u32 {
    let (mut items, mut count) = (std::ptr::null_mut::<Datum>(), 0);
    // SAFETY: an array without nulls of items of a fixed length, handed out by reference.
    unsafe {
        let array = pg_sys::pg_detoast_datum(list.cast_mut_ptr());
        pg_sys::deconstruct_array(
            array.cast(),
            pg_sys::ACLITEMOID,
            ACL_ITEM.0,
            false,
            ACL_ITEM.1 as std::ffi::c_char,
            &mut items,
            std::ptr::null_mut(),
            &mut count,
        );
        let items = std::slice::from_raw_parts(items, usize::try_from(count).unwrap_or(0));
        let items = items.iter().map(|item| *item.cast_mut_ptr::<AclItem>());
        items
            .filter(|item| item.ai_grantee == role)
            .fold(0, |all, i| all | pg_compat::privileges(i.ai_privs))
    }
}
