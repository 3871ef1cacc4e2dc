//! Tenants that are being suspended by a transaction that has not committed yet. Until it does,
//! the registry still calls them active; the block keeps everybody out meanwhile.

use super::epoch;
use crate::ffi::backend;
use crate::ffi::shmem::{self, Place};
use std::cell::Cell;
use std::sync::atomic::Ordering;
use tenancy_core::{Error, Result, SqlState};

thread_local! {
    static HELD: Cell<bool> = const { Cell::new(false) };
}

/// Keeps new statements of a tenant out from now until the transaction ends. 53000 when too many
/// suspensions are under way.
pub fn block(tenant: i64) -> Result<()> {
    let free = |p: &&Place| {
        p.pid.compare_exchange(0, backend::pid(), Ordering::AcqRel, Ordering::Relaxed).is_ok()
    };
    let place = shmem::blocks().iter().find(free).ok_or_else(full)?;
    HELD.set(true);
    place.database.store(backend::database(), Ordering::Relaxed);
    place.tenant.store(tenant, Ordering::SeqCst);
    epoch::raise();
    Ok(())
}

/// Whether another backend is suspending the tenant.
pub fn is_blocked(tenant: i64) -> bool {
    shmem::blocks().iter().any(|p| {
        p.tenant.load(Ordering::SeqCst) == tenant
            && p.database.load(Ordering::Relaxed) == backend::database()
    })
}

/// Lifts the blocks that this backend holds. Open sessions look again, whichever way it ended.
pub fn lift() {
    if !HELD.take() {
        return;
    }
    let own = |p: &&Place| p.pid.load(Ordering::Relaxed) == backend::pid();
    for place in shmem::blocks().iter().filter(own) {
        place.tenant.store(0, Ordering::SeqCst);
        place.pid.store(0, Ordering::Release);
    }
    epoch::raise();
}

fn full() -> Error {
    Error::new(SqlState::InsufficientResources, "too many suspensions are under way")
        .hint("Wait until some of them have ended.")
}
