//! Other backends: whether they have a transaction open, ending what they do, waiting for it.

use super::{backend, pg_compat};
use pgrx::pg_sys;
use std::ffi::c_long;
use std::time::Duration;

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

unsafe extern "C" {
    fn kill(pid: i32, signal: i32) -> i32;
}

/// Whether the process is a backend with a transaction open.
pub fn has_transaction(pid: i32) -> bool {
    // SAFETY: the result is null or points into shared memory, which stays mapped.
    let proc = unsafe { pg_sys::BackendPidGetProc(pid).as_ref() };
    proc.is_some_and(pg_compat::has_transaction)
}

/// Whether the process is a backend.
pub fn is_backend(pid: i32) -> bool {
    // SAFETY: the result is null or points into shared memory.
    unsafe { !pg_sys::BackendPidGetProc(pid).is_null() }
}

/// Cancels the statement of another backend, as pg_cancel_backend() does.
pub fn cancel(pid: i32) {
    signal(pid, SIGINT);
}

/// Ends another backend, as pg_terminate_backend() does.
pub fn terminate(pid: i32) {
    signal(pid, SIGTERM);
}

fn signal(pid: i32, signal: i32) {
    // SAFETY: only processes that are backends of this server are signalled.
    unsafe {
        if !pg_sys::BackendPidGetProc(pid).is_null() {
            kill(pid, signal);
        }
    }
}

/// Sleeps, and raises when somebody cancels us meanwhile.
pub fn sleep(time: Duration) {
    let wake = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    let millis = c_long::try_from(time.as_millis()).unwrap_or(c_long::MAX);
    // SAFETY: the latch is this backend's own.
    unsafe {
        pg_sys::WaitLatch(pg_sys::MyLatch, wake as i32, millis, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    backend::check_for_interrupts();
}
