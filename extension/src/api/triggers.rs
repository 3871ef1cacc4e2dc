//! What the registry's triggers, the event triggers and the maker of spares do.

use crate::ffi::report::or_raise;
use crate::ffi::workers::{self, Task, Work};
use crate::ffi::{catalog, event_trigger, registry_trigger, transaction};
use crate::{session, shared, store};

/// Registers both. For _PG_init.
pub fn init() {
    registry_trigger::handle(registry_changed);
    event_trigger::handle(|by_drop, settling| {
        or_raise(store::ddl_ended(by_drop, settling.then(session::is_member)));
    });
    let task = Task { step: |_| or_raise(store::tend_spares()), retire: |_| true };
    workers::handle(Work::Spares, task);
}

/// One invalidation stands for the whole registry: every cache watches the tenant table.
fn registry_changed() {
    shared::registry_changed();
    transaction::invalidate(or_raise(catalog::relation(c"tenant")));
}
