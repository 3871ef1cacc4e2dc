//! The alarm's piece of shared memory: counters of each tenant, as plain atomics, and under a lock
//! the entries that wait for the audit trail and the databases whose entries somebody is writing.

use pgrx::pg_sys;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// Tenants with counters of their own, in all databases.
pub const COUNTERS: usize = 16_384;
/// Entries that can wait.
const WAITING: usize = 512;
/// Databases whose entries are being written at once.
const WRITERS: usize = 64;
/// Name of the lock.
const TRANCHE: &std::ffi::CStr = c"tenancy";

/// What is counted of one tenant of one database.
#[derive(Default)]
#[repr(C)]
pub struct Counter {
    /// 0 free, 1 being taken, 2 taken.
    pub state: AtomicU32,
    /// Its database.
    pub database: AtomicU32,
    /// The tenant, 0 for none.
    pub tenant: AtomicI64,
    /// Refusals.
    pub refused: AtomicU64,
    /// What passed although a guard would refuse it.
    pub reported: AtomicU64,
    /// Refusals that the audit trail does not tell.
    pub unaudited: AtomicU64,
    /// Refusals that wait to be told as a number.
    pub summed_up: AtomicU64,
    /// The minute of the last audit rows, and how many there were in it.
    pub window: AtomicU64,
    /// When the last refusal was.
    pub last: AtomicI64,
}

/// An entry for the audit trail. Texts are of fixed size, filled up with zeros.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Entry {
    /// When it was first.
    pub at: i64,
    /// The tenant, 0 for none.
    pub tenant: i64,
    /// How often.
    pub count: u64,
    /// The database.
    pub database: u32,
    /// SQLSTATE.
    pub code: [u8; 5],
    /// Who.
    pub login: [u8; 63],
    /// What.
    pub subject: [u8; 240],
}

/// A database whose entries somebody is writing, or was about to.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Writer {
    /// The database, 0 for a free place.
    pub database: u32,
    /// When the writer was last seen.
    pub seen: i64,
}

/// What lies under the lock.
#[repr(C)]
pub struct Queue {
    len: usize,
    entries: [Entry; WAITING],
    /// Who is writing.
    pub writers: [Writer; WRITERS],
}

impl Queue {
    /// The entries that wait.
    pub fn entries(&mut self) -> &mut [Entry] {
        &mut self.entries[..self.len]
    }

    /// Adds one, if there is room.
    pub fn push(&mut self, entry: Entry) -> bool {
        let room = self.len < WAITING;
        if room {
            self.entries[self.len] = entry;
            self.len += 1;
        }
        room
    }

    /// Takes out those of one database.
    pub fn take(&mut self, database: u32) -> Vec<Entry> {
        let (own, others): (Vec<Entry>, Vec<Entry>) =
            self.entries().iter().partition(|entry| entry.database == database);
        self.len = others.len();
        self.entries[..others.len()].copy_from_slice(&others);
        own
    }
}

#[repr(C)]
struct Area {
    /// The last one is for all tenants that found no place.
    counters: [Counter; COUNTERS + 1],
    queue: Queue,
}

static AREA: AtomicPtr<Area> = AtomicPtr::new(std::ptr::null_mut());

/// Asks for the memory and the lock.
///
/// # Safety
/// The time for requests, in the postmaster.
pub(super) unsafe fn request() {
    // SAFETY: the caller's promise.
    unsafe {
        pg_sys::RequestAddinShmemSpace(size_of::<Area>());
        pg_sys::RequestNamedLWLockTranche(TRANCHE.as_ptr(), 1);
    }
}

/// Finds the memory, and zeroes it for whoever comes first.
///
/// # Safety
/// Shared memory must be there, and AddinShmemInitLock be held.
pub(super) unsafe fn startup() {
    // SAFETY: the caller's promise; all-zero bytes are a valid area.
    unsafe {
        let mut found = false;
        let area =
            pg_sys::ShmemInitStruct(c"tenancy alarm".as_ptr(), size_of::<Area>(), &mut found);
        if !found {
            std::ptr::write_bytes(area.cast::<u8>(), 0, size_of::<Area>());
        }
        AREA.store(area.cast(), Ordering::Release);
    }
}

/// The counters; empty where there is no shared memory yet. The last one is for the rest.
pub fn counters() -> &'static [Counter] {
    // SAFETY: backends start after `startup`, and the memory stays mapped for their life.
    unsafe { AREA.load(Ordering::Acquire).as_ref() }.map_or(&[], |area| &area.counters)
}

/// Works on what lies under the lock; `None` where there is no shared memory, or no process that
/// could wait for a lock. `work` must neither raise nor come back here.
pub fn with_queue<T>(work: impl FnOnce(&mut Queue) -> T) -> Option<T> {
    let area = AREA.load(Ordering::Acquire);
    // SAFETY: the lock makes the reference the only one; it was asked for in `request`.
    unsafe {
        if area.is_null() || pg_sys::MyProc.is_null() {
            return None;
        }
        let lock = &raw mut (*pg_sys::GetNamedLWLockTranche(TRANCHE.as_ptr())).lock;
        pg_sys::LWLockAcquire(lock, pg_sys::LWLockMode::LW_EXCLUSIVE);
        let result = work(&mut (*area).queue);
        pg_sys::LWLockRelease(lock);
        Some(result)
    }
}
