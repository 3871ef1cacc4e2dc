//! Work that may fail without failing the transaction around it. Knows nothing of what the work is.

use pgrx::pg_sys::{self, MemoryContext, ResourceOwner, panic::CaughtError};
use pgrx::{PgSqlErrorCode, PgTryBuilder};
use std::panic::AssertUnwindSafe;

/// What is current outside of the subtransaction.
#[derive(Clone, Copy)]
struct Outside {
    memory: MemoryContext,
    resources: ResourceOwner,
}

impl Outside {
    fn begin() -> Self {
        // SAFETY: inside a transaction; reads two globals, and goes on in the same memory.
        unsafe {
            let (memory, resources) = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
            pg_sys::BeginInternalSubTransaction(std::ptr::null());
            pg_sys::MemoryContextSwitchTo(memory);
            Self { memory, resources }
        }
    }

    fn end(self, commit: bool) {
        // SAFETY: ends the subtransaction that `begin` began; what was current then outlives it.
        unsafe {
            if commit {
                pg_sys::ReleaseCurrentSubTransaction();
            } else {
                pg_sys::RollbackAndReleaseCurrentSubTransaction();
            }
            pg_sys::MemoryContextSwitchTo(self.memory);
            pg_sys::CurrentResourceOwner = self.resources;
        }
    }
}

/// Runs `work` in a subtransaction: its result, or the message of the error that PostgreSQL raised,
/// with all that it did undone. Being cancelled is not an error of the work: it goes on up.
pub fn attempt<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let outside = Outside::begin();
    let (released, rolled_back) = (AssertUnwindSafe(outside), AssertUnwindSafe(outside));
    let work = AssertUnwindSafe(work);
    PgTryBuilder::new(move || {
        let (work, released) = (work, released);
        let done = (work.0)();
        released.0.end(true);
        Ok(done)
    })
    .catch_others(move |caught| {
        let rolled_back = &rolled_back;
        let (CaughtError::PostgresError(ref e) | CaughtError::ErrorReport(ref e)) = caught else {
            caught.rethrow()
        };
        if e.sql_error_code() == PgSqlErrorCode::ERRCODE_QUERY_CANCELED {
            caught.rethrow()
        }
        let message = e.message().to_owned();
        rolled_back.0.end(false);
        Err(message)
    })
    .execute()
}
