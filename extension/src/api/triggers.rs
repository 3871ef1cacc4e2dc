//! What the registry's triggers and the event trigger do.

use crate::ffi::report::or_raise;
use crate::ffi::{catalog, event_trigger, registry_trigger, transaction};
use crate::{session, shared, store};

/// Registers both. For _PG_init.
pub fn init() {
    registry_trigger::handle(registry_changed);
    event_trigger::handle(|| or_raise(store::settle_new_objects(session::is_member())));
}

/// One invalidation stands for the whole registry: every cache watches the tenant table.
fn registry_changed() {
    shared::registry_changed();
    transaction::invalidate(or_raise(catalog::relation(c"tenant")));
}
