//! Cursors that outlive the call that opened them: what a function that gives its rows one by one
//! reads from. They read under the snapshot of the statement that called it, whatever else ran
//! meanwhile, and end with its transaction at the latest.

use pgrx::pg_sys;
use std::ffi::{CStr, CString};

/// An open cursor, by its name.
#[derive(Debug)]
pub struct Cursor(CString);

impl Cursor {
    /// Opens one. SPI must be connected. `None` when the query holds a NUL or is none.
    pub fn open(query: &str) -> Option<Self> {
        let query = CString::new(query).ok()?;
        let none = std::ptr::null_mut::<std::ffi::c_void>();
        // SAFETY: the query has no parameters and lives through the call; SPI copies what it keeps.
        // Read-only makes it take the active snapshot, which is that of the calling statement.
        let portal = unsafe {
            pg_sys::SPI_cursor_open_with_args(
                std::ptr::null(),
                query.as_ptr(),
                0,
                none.cast(),
                none.cast(),
                std::ptr::null(),
                true,
                0,
            )
        };
        if portal.is_null() {
            return None;
        }
        // SAFETY: a portal has a name that ends with a NUL.
        Some(Self(unsafe { CStr::from_ptr((*portal).name) }.to_owned()))
    }

    /// Hands over the next rows, at most so many, each as its values' texts; returns how many
    /// there were. SPI must be connected. A value lives until `work` returns.
    pub fn fetch(&self, count: usize, mut work: impl FnMut(&[Option<&str>])) -> usize {
        // SAFETY: the portal is looked up by name; SPI's table and its tuples live until they are
        // freed here, and a value's text, which the output function made, as long as SPI is
        // connected. The server's encoding is UTF-8.
        unsafe {
            let portal = pg_sys::SPI_cursor_find(self.0.as_ptr());
            if portal.is_null() {
                return 0;
            }
            pg_sys::SPI_cursor_fetch(portal, true, count as std::ffi::c_long);
            let (table, rows) = (pg_sys::SPI_tuptable, pg_sys::SPI_processed as usize);
            let columns = (*(*table).tupdesc).natts;
            for row in 0..rows {
                let tuple = *(*table).vals.add(row);
                let texts: Vec<_> = (1..=columns)
                    .map(|at| pg_sys::SPI_getvalue(tuple, (*table).tupdesc, at))
                    .collect();
                let values: Vec<_> = texts
                    .iter()
                    .map(|text| {
                        (!text.is_null()).then(|| {
                            std::str::from_utf8_unchecked(CStr::from_ptr(*text).to_bytes())
                        })
                    })
                    .collect();
                work(&values);
                for text in texts.into_iter().filter(|text| !text.is_null()) {
                    pg_sys::pfree(text.cast());
                }
            }
            pg_sys::SPI_freetuptable(table);
            rows
        }
    }

    /// Closes it. SPI must be connected.
    pub fn close(self) {
        // SAFETY: looked up by name; not running, because no row of it is being handed over.
        unsafe {
            let portal = pg_sys::SPI_cursor_find(self.0.as_ptr());
            if !portal.is_null() {
                pg_sys::SPI_cursor_close(portal);
            }
        }
    }
}
