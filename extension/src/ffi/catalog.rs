//! Reading registry tables by index scans with a fresh snapshot, as PostgreSQL reads its own
//! catalogs: no SPI, no privileges, no hooks, the same on a hot standby and in any transaction.

use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::prelude::*;
use std::ffi::CStr;
use tenancy_core::{Error, Result, SqlState};

const LOCK: i32 = pg_sys::AccessShareLock as i32;

/// What the first column of the index is compared with.
pub enum Key<'a> {
    /// A text column with collation "C".
    Text(&'a str),
    /// A bigint column.
    Int(i64),
}

/// One row, valid during the visit.
pub struct Row<'a> {
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
    relation: Oid,
    _visit: std::marker::PhantomData<&'a ()>,
}

impl Row<'_> {
    fn datum(&self, column: &CStr) -> Option<Datum> {
        // SAFETY: the tuple matches the descriptor for the time of the visit; `get_attnum` gives
        // 0 for an unknown column, which has no value.
        unsafe {
            let number = pg_sys::get_attnum(self.relation, column.as_ptr());
            if number <= 0 {
                return None;
            }
            let mut null = false;
            let datum = pg_sys::heap_getattr(self.tuple, number.into(), self.descriptor, &mut null);
            (!null).then_some(datum)
        }
    }

    /// A text column; `None` for NULL.
    pub fn text(&self, column: &CStr) -> Option<String> {
        // SAFETY: the caller names a column of type text.
        self.datum(column).and_then(|d| unsafe { String::from_datum(d, false) })
    }

    /// A bigint column; `None` for NULL.
    pub fn int(&self, column: &CStr) -> Option<i64> {
        // SAFETY: the caller names a column of type bigint.
        self.datum(column).and_then(|d| unsafe { i64::from_datum(d, false) })
    }

    /// A boolean column; `None` for NULL.
    pub fn boolean(&self, column: &CStr) -> Option<bool> {
        // SAFETY: the caller names a column of type boolean.
        self.datum(column).and_then(|d| unsafe { bool::from_datum(d, false) })
    }
}

/// The OID of a table or index in schema `tenancy`; 55000 when the extension is not installed in
/// this database.
pub fn relation(name: &CStr) -> Result<Oid> {
    // SAFETY: looks into the catalog cache; inside a transaction.
    let oid = unsafe {
        let schema = pg_sys::get_namespace_oid(c"tenancy".as_ptr(), true);
        pg_sys::get_relname_relid(name.as_ptr(), schema)
    };
    if oid != Oid::INVALID {
        return Ok(oid);
    }
    Err(Error::new(
        SqlState::ObjectNotInPrerequisiteState,
        "extension \"tenancy\" is not installed in this database",
    )
    .hint("Run CREATE EXTENSION tenancy."))
}

/// Visits the rows of a table whose `column` equals `key`, by the given index on that column,
/// until `visit` returns something.
pub fn find<T>(
    table: &CStr,
    index: &CStr,
    column: &CStr,
    key: Key<'_>,
    mut visit: impl FnMut(&Row<'_>) -> Option<T>,
) -> Result<Option<T>> {
    let (table, index) = (relation(table)?, relation(index)?);
    // SAFETY: opened, scanned and closed in this function; a panic out of `visit` or PostgreSQL
    // aborts the transaction, whose resource owner closes both.
    unsafe {
        let mut scan_key = scan_key(table, column, key);
        let heap = pg_sys::table_open(table, LOCK);
        let scan =
            pg_sys::systable_beginscan(heap, index, true, std::ptr::null_mut(), 1, &mut scan_key);
        let mut found = None;
        while found.is_none() {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            found = visit(&Row {
                tuple,
                descriptor: (*heap).rd_att,
                relation: table,
                _visit: std::marker::PhantomData,
            });
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(heap, LOCK);
        Ok(found)
    }
}

/// # Safety
/// `table` must exist and `column` must have the type of `key`.
unsafe fn scan_key(table: Oid, column: &CStr, key: Key<'_>) -> pg_sys::ScanKeyData {
    let mut scan_key = pg_sys::ScanKeyData::default();
    let (equal, value) = match key {
        Key::Text(text) => (pg_sys::F_TEXTEQ, text.into_datum()),
        Key::Int(number) => (pg_sys::F_INT8EQ, number.into_datum()),
    };
    // SAFETY: the caller's promise; the structure is ours.
    unsafe {
        pg_sys::ScanKeyInit(
            &mut scan_key,
            pg_sys::get_attnum(table, column.as_ptr()),
            pg_sys::BTEqualStrategyNumber as u16,
            equal.into(),
            value.unwrap_or(Datum::from(0)),
        );
    }
    scan_key
}
