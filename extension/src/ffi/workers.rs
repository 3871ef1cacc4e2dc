//! Background workers of one database, each started when there is work of its kind and gone when
//! there has been none for a second: CREATE DATABASE from this one as a template, or DROP DATABASE,
//! wait longer than that for connections to end.

use super::{backend, pg_compat};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::prelude::*;
use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::sync::OnceLock;

/// How long to wait for more.
const PAUSE_MS: c_long = 250;
/// How many of these waits in vain end the worker.
const PATIENCE: u32 = 4;
const MAIN: &CStr = c"tenancy_worker";

/// The kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Writing refusals into the audit trail.
    Audit,
    /// Keeping spares of templates.
    Spares,
}

impl Work {
    fn name(self) -> &'static CStr {
        match self {
            Self::Audit => c"tenancy audit writer",
            Self::Spares => c"tenancy spare maker",
        }
    }

    fn task(self) -> Option<&'static Task> {
        TASKS[self as usize].get()
    }

    /// As the argument of a worker's main function: the database in the lower half.
    fn argument(self, database: Oid) -> Datum {
        Datum::from((self as usize) << 32 | database.to_u32() as usize)
    }

    fn of(argument: Datum) -> (Self, Oid) {
        let work = if argument.value() >> 32 == 0 { Self::Audit } else { Self::Spares };
        (work, Oid::from(argument.value() as u32))
    }
}

/// What a worker does.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// In a transaction: does what there is to do; whether there was anything. `last` before it ends.
    pub step: fn(last: bool) -> bool,
    /// Says that the worker of this database is gone, unless there is more to do.
    pub retire: fn(forced: bool) -> bool,
}

static TASKS: [OnceLock<Task>; 2] = [OnceLock::new(), OnceLock::new()];

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

/// Sets what workers of a kind do. For _PG_init.
pub fn handle(work: Work, task: Task) {
    let _ = TASKS[work as usize].set(task);
}

/// Whether a worker can write in this database: not on a standby.
pub fn can_write() -> bool {
    // SAFETY: reads the state of the server.
    unsafe { !pg_sys::RecoveryInProgress() }
}

/// Starts a worker for this database; false when there is no place for one.
pub fn start(work: Work) -> bool {
    let mut worker = pg_sys::BackgroundWorker::default();
    fill(&mut worker.bgw_name, work.name());
    fill(&mut worker.bgw_type, work.name());
    fill(&mut worker.bgw_function_name, MAIN);
    // SAFETY: the structure is copied by the server; the library's path is static.
    unsafe {
        let mut library: Library = std::mem::zeroed();
        let own = tenancy_worker as *const c_void;
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
        worker.bgw_main_arg = work.argument(pg_sys::MyDatabaseId);
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
pub unsafe extern "C-unwind" fn tenancy_worker(argument: Datum) {
    let (work, database) = Work::of(argument);
    pg_compat::end_on_sigterm();
    // SAFETY: what PostgreSQL's own workers do, in their order.
    unsafe {
        pg_sys::before_shmem_exit(Some(exit), argument);
        let superuser = Oid::from(pg_sys::BOOTSTRAP_SUPERUSERID);
        pg_sys::BackgroundWorkerInitializeConnectionByOid(database, superuser, 0);
    }
    let Some(task) = work.task() else { return };
    let mut idle = 0;
    loop {
        let worked = in_transaction(|| (task.step)(idle >= PATIENCE));
        idle = if worked { 0 } else { idle + 1 };
        if idle > PATIENCE && (task.retire)(false) {
            return;
        }
        if !worked || work == Work::Audit {
            pause();
        }
        backend::check_for_interrupts();
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
}

#[pg_guard]
unsafe extern "C-unwind" fn exit(_code: c_int, argument: Datum) {
    if let Some(task) = Work::of(argument).0.task() {
        (task.retire)(true);
    }
}
