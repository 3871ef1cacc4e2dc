//! A background worker of one database, started when there is something to write and gone when
//! there has been nothing for a second: CREATE DATABASE from this one as a template, or DROP
//! DATABASE, wait longer than that for connections to end.

use super::{backend, pg_compat};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::prelude::*;
use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::sync::OnceLock;

/// How long to wait for more.
const PAUSE_MS: c_long = 250;
/// How many of these waits in vain end the worker.
const PATIENCE: u32 = 4;
const MAIN: &CStr = c"tenancy_audit_worker";

/// What a worker does.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// In a transaction: writes what waits; whether there was anything. `last` before it ends.
    pub write: fn(last: bool) -> bool,
    /// Says that the worker of this database is gone, unless there is more to write.
    pub retire: fn(forced: bool) -> bool,
}

static TASK: OnceLock<Task> = OnceLock::new();

#[repr(C)]
struct Library {
    path: *const c_char,
    base: *mut c_void,
    symbol: *const c_char,
    address: *mut c_void,
}

unsafe extern "C" {
    fn dladdr(address: *const c_void, library: *mut Library) -> c_int;
}

/// Sets what workers do. For _PG_init.
pub fn handle(task: Task) {
    let _ = TASK.set(task);
}

/// Whether a worker can write in this database: not on a standby.
pub fn can_write() -> bool {
    // SAFETY: reads the state of the server.
    unsafe { !pg_sys::RecoveryInProgress() }
}

/// Starts a worker for this database; false when there is no place for one.
pub fn start() -> bool {
    let mut worker = pg_sys::BackgroundWorker::default();
    fill(&mut worker.bgw_name, c"tenancy audit writer");
    fill(&mut worker.bgw_type, c"tenancy audit writer");
    fill(&mut worker.bgw_function_name, MAIN);
    // SAFETY: the structure is copied by the server; the library's path is static.
    unsafe {
        let mut library: Library = std::mem::zeroed();
        let own = tenancy_audit_worker as *const c_void;
        if dladdr(own, &mut library) == 0 || library.path.is_null() {
            return false;
        }
        if !fill(&mut worker.bgw_library_name, CStr::from_ptr(library.path)) {
            fill(&mut worker.bgw_library_name, c"tenancy");
        }
        let flags = pg_sys::BGWORKER_SHMEM_ACCESS | pg_sys::BGWORKER_BACKEND_DATABASE_CONNECTION;
        worker.bgw_flags = flags as c_int;
        worker.bgw_start_time = pg_sys::BgWorkerStartTime::BgWorkerStart_RecoveryFinished;
        worker.bgw_restart_time = pg_sys::BGW_NEVER_RESTART;
        worker.bgw_main_arg = Datum::from(pg_sys::MyDatabaseId);
        pg_sys::RegisterDynamicBackgroundWorker(&mut worker, std::ptr::null_mut())
    }
}

/// Copies a name with its NUL; false when it does not fit.
fn fill(field: &mut [c_char], name: &CStr) -> bool {
    let bytes = name.to_bytes_with_nul();
    if bytes.len() > field.len() {
        return false;
    }
    field.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from as c_char);
    true
}

/// The worker's main function.
///
/// # Safety
/// Called by PostgreSQL in a new process only.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn tenancy_audit_worker(database: Datum) {
    let database = Oid::from(database.value() as u32);
    pg_compat::end_on_sigterm();
    // SAFETY: what PostgreSQL's own workers do, in their order.
    unsafe {
        pg_sys::before_shmem_exit(Some(exit), Datum::from(database));
        let superuser = Oid::from(pg_sys::BOOTSTRAP_SUPERUSERID);
        pg_sys::BackgroundWorkerInitializeConnectionByOid(database, superuser, 0);
    }
    let Some(task) = TASK.get() else { return };
    let mut idle = 0;
    loop {
        let worked = in_transaction(|| (task.write)(idle >= PATIENCE));
        idle = if worked { 0 } else { idle + 1 };
        if idle > PATIENCE && (task.retire)(false) {
            return;
        }
        pause();
    }
}

fn in_transaction(work: impl FnOnce() -> bool) -> bool {
    // SAFETY: a transaction around SPI, as in the manual's example of a worker.
    unsafe {
        pg_sys::SetCurrentStatementStartTimestamp();
        pg_sys::StartTransactionCommand();
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let result = work();
        pg_sys::PopActiveSnapshot();
        pg_sys::CommitTransactionCommand();
        pg_sys::pgstat_report_stat(true);
        result
    }
}

fn pause() {
    let wake = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    // SAFETY: the latch is this process's own.
    unsafe {
        pg_sys::WaitLatch(pg_sys::MyLatch, wake as i32, PAUSE_MS, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    backend::check_for_interrupts();
}

#[pg_guard]
unsafe extern "C-unwind" fn exit(_code: c_int, _database: Datum) {
    if let Some(task) = TASK.get() {
        (task.retire)(true);
    }
}
