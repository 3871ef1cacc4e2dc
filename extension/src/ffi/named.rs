//! Objects outside of schemas by name, and rows of a set by their age.

use super::builtin_call::Call;
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::prelude::*;
use std::ffi::CString;
use tenancy_core::catalog::class;

/// The OID of a role, schema, database, server, foreign-data wrapper or tablespace; invalid when
/// there is none of that name.
pub fn find(class: u32, name: &str) -> Oid {
    let Ok(name) = CString::new(name) else { return Oid::INVALID };
    let name = name.as_ptr();
    // SAFETY: the string lives through the call; nothing raises for a missing name.
    unsafe {
        match class {
            class::AUTHID => pg_sys::get_role_oid(name, true),
            class::NAMESPACE => pg_sys::get_namespace_oid(name, true),
            class::DATABASE => pg_sys::get_database_oid(name, true),
            class::FOREIGN_SERVER => pg_sys::get_foreign_server_oid(name, true),
            class::FOREIGN_DATA_WRAPPER => pg_sys::get_foreign_data_wrapper_oid(name, true),
            class::TABLESPACE => pg_sys::get_tablespace_oid(name, true),
            class::LANGUAGE => pg_sys::get_language_oid(name, true),
            _ => Oid::INVALID,
        }
    }
}

/// A value of type name.
pub fn name_value(text: &str) -> Datum {
    let length = text.len().min(pg_sys::NAMEDATALEN as usize - 1);
    // SAFETY: a name is a block of NAMEDATALEN bytes, of which the last is NUL.
    unsafe {
        let name = pg_sys::palloc0(pg_sys::NAMEDATALEN as usize).cast::<u8>();
        std::ptr::copy_nonoverlapping(text.as_ptr(), name, length);
        Datum::from(name)
    }
}

/// Keeps the rows that the original has just collected where the timestamp in `column` is later
/// than `time`.
pub fn keep_later(call: &Call, column: i32, time: i64) {
    let info = call.result_info();
    // SAFETY: the original has filled in a tuplestore and its descriptor; the new one is made in
    // the memory of the query, as the old one was.
    unsafe {
        if info.is_null() || (*info).setResult.is_null() {
            return;
        }
        let descriptor = (*info).setDesc;
        let memory = pg_sys::MemoryContextSwitchTo((*(*info).econtext).ecxt_per_query_memory);
        let slot = pg_sys::MakeSingleTupleTableSlot(descriptor, &pg_sys::TTSOpsMinimalTuple);
        let kept = pg_sys::tuplestore_begin_heap(true, false, pg_sys::work_mem);
        while pg_sys::tuplestore_gettupleslot((*info).setResult, true, false, slot) {
            let mut free = false;
            let tuple = pg_sys::ExecFetchSlotHeapTuple(slot, true, &mut free);
            let mut null = false;
            let made = pg_sys::heap_getattr(tuple, column, descriptor, &mut null);
            if !null && i64::from_datum(made, false).is_some_and(|made| made > time) {
                pg_sys::tuplestore_puttuple(kept, tuple);
            }
        }
        pg_sys::ExecDropSingleTupleTableSlot(slot);
        pg_sys::tuplestore_end((*info).setResult);
        (*info).setResult = kept;
        pg_sys::MemoryContextSwitchTo(memory);
    }
}
