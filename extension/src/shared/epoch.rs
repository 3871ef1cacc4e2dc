//! The epoch: one number that every committed change of the registry raises, so that a backend
//! knows by one load whether what it cached still holds.

use crate::ffi::shmem;
use std::cell::Cell;
use std::sync::atomic::Ordering;

thread_local! {
    static CHANGED: Cell<bool> = const { Cell::new(false) };
}

/// The present epoch. Read it before reading the registry, and keep it with what was read.
#[inline]
pub fn epoch() -> u64 {
    shmem::epoch().load(Ordering::Acquire)
}

/// Notes that the running transaction changes the registry.
pub fn registry_changed() {
    CHANGED.set(true);
}

/// Raises the epoch when the transaction, now visible to all, changed the registry.
pub fn publish() {
    if CHANGED.take() {
        raise();
    }
}

/// Raises the epoch at once.
pub fn raise() {
    shmem::epoch().fetch_add(1, Ordering::AcqRel);
}

/// The change was rolled back.
pub fn forget() {
    CHANGED.set(false);
}
