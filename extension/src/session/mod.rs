//! The context of this backend: which tenant it is in, sealed by which key, and the only ways to
//! change that. The truth is the memory of this process; settings and shared memory mirror it.

mod admission;
mod advisory;
mod alarm;
mod binding;
mod cache;
mod cancels;
mod ceilings;
mod check;
mod client;
mod disguise;
mod left_behind;
mod listening;
mod moves;
mod notifications;
mod position;
mod prepared;
mod rations;
mod relations;
mod schemas;
mod scrub;
mod transaction;

use crate::ffi;

pub use advisory::{Request as LockRequest, lock, unlock, unlock_all};
pub use cancels::canceled;
pub use ceilings::{bound, tell};
pub use check::{
    allow_function, allow_statement, allow_utility, closed_to_statements, may_execute,
};
pub use client::allow_lasting;
pub use disguise::{disguise_schema, hides_schema};
pub use left_behind::{note as note_residue, settings_change, told_at_rest};
pub use moves::{enter, enter_local, leave, seal, switch, switch_client};
pub use notifications::count_notification;
pub use position::{arrived, current, current_id, is_inside, is_member, tenant};
pub use position::{place, reapply_role};
pub use prepared::{deallocate_all, note_prepared, require_prepared};
pub use rations::{object_made, require_few_locks};
pub use relations::{check_change, check_function, check_relation, check_schema, sees_schema};
pub use scrub::run as discard_all;

/// Registers for the ends of transactions, and for what parallel workers show. For _PG_init.
pub fn init() {
    alarm::init();
    ffi::settings::on_change(c"tenancy.shared_schemas", schemas::forget);
    ffi::compiled_functions::watch();
    ffi::transaction::listen(transaction::react);
    ffi::settings::show_in_workers(position::MIRROR, current);
}
