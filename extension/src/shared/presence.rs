//! Who is in which tenant: a place for each backend, written by that backend alone.

use crate::ffi::shmem::{self, Place};
use crate::ffi::{backend, signals};
use std::cell::Cell;
use std::sync::atomic::Ordering;

thread_local! {
    static OWN: Cell<Option<&'static Place>> = const { Cell::new(None) };
}

fn own() -> Option<&'static Place> {
    if OWN.get().is_none() {
        OWN.set(shmem::own_place(withdraw));
    }
    OWN.get()
}

/// Says that this backend is in a tenant. Sequentially consistent, because a suspension writes its
/// block first and reads the places then, while we write the place first and read the blocks then:
/// one of the two sees the other.
pub fn announce(tenant: i64) {
    if let Some(place) = own() {
        place.database.store(backend::database(), Ordering::Relaxed);
        place.tenant.store(tenant, Ordering::SeqCst);
    }
}

/// Says that this backend is in no tenant.
pub fn withdraw() {
    if let Some(place) = OWN.get() {
        place.tenant.store(0, Ordering::SeqCst);
    }
}

/// The tenant of a parallel worker's leader.
pub fn leader_tenant() -> Option<i64> {
    let leader = backend::leader_pid()?;
    let place = shmem::backends().iter().find(|p| p.pid.load(Ordering::Relaxed) == leader)?;
    Some(place.tenant.load(Ordering::SeqCst)).filter(|tenant| *tenant != 0)
}

/// Whether the process is a backend that is in the tenant now.
pub fn is_in(pid: i32, tenant: i64) -> bool {
    let here = |p: &&Place| {
        p.pid.load(Ordering::Relaxed) == pid
            && p.database.load(Ordering::Relaxed) == backend::database()
    };
    let place = shmem::backends().iter().find(here);
    place.is_some_and(|place| place.tenant.load(Ordering::SeqCst) == tenant)
}

/// Process ids of the other backends that are in the tenant and have a transaction open.
pub fn others_in_transaction(tenant: i64) -> Vec<i32> {
    let here = |p: &&Place| {
        p.tenant.load(Ordering::SeqCst) == tenant
            && p.database.load(Ordering::Relaxed) == backend::database()
    };
    let pids = shmem::backends().iter().filter(here).map(|p| p.pid.load(Ordering::Relaxed));
    pids.filter(|pid| *pid != backend::pid() && signals::has_transaction(*pid)).collect()
}
