//! Our piece of shared memory: an epoch, a place for each backend, and the tenants that are being
//! suspended right now. Plain atomics; who writes what is decided in `shared`. The alarm's piece is
//! asked for by the same pair of hooks.

use super::{alarm_memory, backend};
use pgrx::pg_sys::{self, Datum};
use pgrx::prelude::*;
use std::ffi::c_int;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// How many suspensions may be under way at once, in all databases.
pub const BLOCKS: usize = 64;

/// One tenant of one database, held by one backend.
#[derive(Default)]
pub struct Place {
    /// Process that holds the place, 0 for none.
    pub pid: AtomicI32,
    /// Its database.
    pub database: AtomicU32,
    /// The tenant, 0 for none.
    pub tenant: AtomicI64,
}

#[repr(C)]
struct Area {
    epoch: AtomicU64,
    blocks: [Place; BLOCKS],
}

static AREA: AtomicPtr<Area> = AtomicPtr::new(std::ptr::null_mut());
static BACKENDS: AtomicPtr<Place> = AtomicPtr::new(std::ptr::null_mut());
static ON_EXIT: OnceLock<fn()> = OnceLock::new();
static mut PREVIOUS_REQUEST: pg_sys::shmem_request_hook_type = None;
static mut PREVIOUS_STARTUP: pg_sys::shmem_startup_hook_type = None;

/// Asks for the memory. For _PG_init.
pub fn install() {
    // SAFETY: runs once, in the postmaster.
    unsafe {
        PREVIOUS_REQUEST = pg_sys::shmem_request_hook;
        pg_sys::shmem_request_hook = Some(request);
        PREVIOUS_STARTUP = pg_sys::shmem_startup_hook;
        pg_sys::shmem_startup_hook = Some(startup);
    }
}

fn backend_count() -> usize {
    // SAFETY: set before the request hook runs, constant afterwards.
    usize::try_from(unsafe { pg_sys::MaxBackends }).unwrap_or(0)
}

fn size() -> usize {
    size_of::<Area>() + backend_count() * size_of::<Place>()
}

#[pg_guard]
unsafe extern "C-unwind" fn request() {
    // SAFETY: called by the postmaster at the time for requests.
    unsafe {
        if let Some(previous) = PREVIOUS_REQUEST {
            previous();
        }
        pg_sys::RequestAddinShmemSpace(size());
        alarm_memory::request();
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn startup() {
    // SAFETY: called once shared memory is there. All-zero bytes are valid atomics, and whoever
    // comes first zeroes them, under the lock that the manual asks for.
    unsafe {
        if let Some(previous) = PREVIOUS_STARTUP {
            previous();
        }
        let lock = &raw mut (*pg_sys::MainLWLockArray.add(ADDIN_SHMEM_INIT_LOCK)).lock;
        pg_sys::LWLockAcquire(lock, pg_sys::LWLockMode::LW_EXCLUSIVE);
        let mut found = false;
        let area = pg_sys::ShmemInitStruct(c"tenancy".as_ptr(), size(), &mut found);
        if !found {
            std::ptr::write_bytes(area.cast::<u8>(), 0, size());
        }
        alarm_memory::startup();
        pg_sys::LWLockRelease(lock);
        AREA.store(area.cast(), Ordering::Release);
        BACKENDS.store(area.cast::<Area>().add(1).cast(), Ordering::Release);
    }
}

/// AddinShmemInitLock in storage/lwlocknames.h, the same from 15 to 18.
const ADDIN_SHMEM_INIT_LOCK: usize = 21;

fn area() -> &'static Area {
    // SAFETY: backends start after `startup`, and the memory stays mapped for their life.
    unsafe { &*AREA.load(Ordering::Acquire) }
}

/// The number that every change of the registry raises.
#[inline]
pub fn epoch() -> &'static AtomicU64 {
    &area().epoch
}

/// Tenants that are being suspended.
pub fn blocks() -> &'static [Place] {
    &area().blocks
}

/// Where each backend is, by its index.
pub fn backends() -> &'static [Place] {
    // SAFETY: as in `area`; `startup` sized it by the same count.
    unsafe { std::slice::from_raw_parts(BACKENDS.load(Ordering::Acquire), backend_count()) }
}

/// This backend's own place. `on_exit` is called before it goes.
pub fn own_place(on_exit: fn()) -> Option<&'static Place> {
    if ON_EXIT.set(on_exit).is_ok() {
        // SAFETY: the callback lives as long as the library; once in a backend's life.
        unsafe { pg_sys::before_shmem_exit(Some(exit), Datum::from(0)) };
    }
    let place = backends().get(super::pg_compat::backend_index())?;
    place.pid.store(backend::pid(), Ordering::Relaxed);
    Some(place)
}

#[pg_guard]
unsafe extern "C-unwind" fn exit(_code: c_int, _argument: Datum) {
    if let Some(on_exit) = ON_EXIT.get() {
        on_exit();
    }
}
