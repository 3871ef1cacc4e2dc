//! What the registry's triggers, the event triggers and the maker of spares do.

use crate::ffi::event_trigger::{self, Handlers};
use crate::ffi::report::or_raise;
use crate::ffi::workers::{self, Task, Work};
use crate::ffi::{catalog, pages, registry_trigger, transaction};
use crate::{session, shared, store};
use tenancy_core::Result;

/// Registers both. For _PG_init.
pub fn init() {
    registry_trigger::handle(registry_changed);
    event_trigger::handle(Handlers {
        settle: || or_raise(store::settle_new_objects(session::is_member())),
        spoil: |by_drop| or_raise(spoil(by_drop)),
    });
    let task = Task { step: |_| or_raise(store::tend_spares()), retire: |_| true };
    workers::handle(Work::Spares, task);
}

/// Nothing where there never was a spare: most databases, at every DDL command.
fn spoil(by_drop: bool) -> Result<()> {
    let spares = catalog::relation(c"spare")?;
    if pages::is_empty(spares) { Ok(()) } else { store::spoil_spares(by_drop) }
}

/// One invalidation stands for the whole registry: every cache watches the tenant table.
fn registry_changed() {
    shared::registry_changed();
    transaction::invalidate(or_raise(catalog::relation(c"tenant")));
}
