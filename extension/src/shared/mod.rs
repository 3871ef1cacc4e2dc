//! What all backends share: the epoch of the registry, who is in which tenant, and which tenants
//! are being suspended. Knows no context and no SQL.

mod audit_queue;
mod epoch;
mod presence;
mod refusals;
mod suspension;

use crate::ffi::{backend, shmem};

pub use audit_queue::{Refusal, hand_over, retire as retire_writer, take as take_refusals};
pub use epoch::{epoch, registry_changed};
pub use presence::{announce, is_in, leader_tenant, others_in_transaction, withdraw};
pub use refusals::{count_audited, count_refused, count_reported, count_unaudited};
pub use refusals::{reset_tallies, take_sums, tallies};
pub use suspension::{block, is_blocked};

/// Asks for shared memory. For _PG_init.
pub fn init() {
    shmem::install();
}

/// Publishes what the committed transaction changed, then lifts its blocks: by now the registry
/// itself says that the tenant is suspended.
pub fn on_commit() {
    epoch::publish();
    suspension::lift();
}

/// Forgets what the transaction wanted to change.
pub fn on_abort() {
    epoch::forget();
    suspension::lift();
}

/// Minutes since PostgreSQL's epoch.
pub fn minute() -> u64 {
    u64::try_from(backend::now() / 60_000_000).unwrap_or(0)
}
