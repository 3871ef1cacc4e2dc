//! Counting what a tenant takes of what all share. The refusals come with the next statement, or
//! with the object that is one too many: where PostgreSQL itself is not half way through a change.

use super::position;
use crate::ffi::{Oid, rations};
use crate::settings;
use std::cell::Cell;
use tenancy_core::ration::Ration;
use tenancy_core::{Result, mutant};

thread_local! {
    static SUBTRANSACTIONS: Cell<usize> = const { Cell::new(0) };
    /// At most this many temporary objects, unless a rollback brought some back.
    static TEMP_OBJECTS: Cell<Option<usize>> = const { Cell::new(None) };
}

/// A subtransaction begins. Never raises: PostgreSQL could not go on from here.
pub fn subtransaction_begins() {
    SUBTRANSACTIONS.set(SUBTRANSACTIONS.get() + 1);
}

/// A transaction has ended. Never raises.
pub fn transaction_ends() {
    SUBTRANSACTIONS.set(0);
}

/// A rollback may have brought back what was dropped. Never raises.
pub fn rolled_back() {
    TEMP_OBJECTS.set(None);
}

/// Refuses a statement with 53400 when the transaction has had too many subtransactions, or the
/// session holds too many locks, those for this statement included.
pub fn require_moderation() -> Result<()> {
    require_few_subtransactions()?;
    require_few_locks()
}

/// The first half of it, for a statement that only runs another one.
pub fn require_few_subtransactions() -> Result<()> {
    let most = settings::ration(Ration::Subtransactions);
    if SUBTRANSACTIONS.get() > most && !mutant::disabled("ceiling.subtransactions") {
        return Err(Ration::Subtransactions.exhausted(most));
    }
    Ok(())
}

/// The second half of it, for the locks that a statement has taken.
pub fn require_few_locks() -> Result<()> {
    let most = settings::ration(Ration::Locks);
    if rations::shared_locks() > most && !mutant::disabled("ceiling.locks") {
        return Err(Ration::Locks.exhausted(most));
    }
    Ok(())
}

/// Refuses an object that has just been made when it is one temporary object too many. Whether it
/// is temporary at all is found out only when there might be too many.
pub fn object_made(class: Oid, object: Oid) -> Result<()> {
    let most = settings::ration(Ration::TempTables);
    if !position::is_inside() || mutant::disabled("ceiling.temp_tables") {
        return Ok(());
    }
    let known = TEMP_OBJECTS.get().filter(|count| *count < most);
    let before = known.unwrap_or_else(rations::temp_objects);
    TEMP_OBJECTS.set(Some(before + 1));
    if before >= most && rations::is_temp_object(class, object) {
        return Err(Ration::TempTables.exhausted(most));
    }
    Ok(())
}
