//! Removing what a session could carry from one tenant to the next. Everything is looked for where
//! it lives, or removed every time; nothing depends on a hook having seen it but the names of
//! statements prepared by SQL, which no function of PostgreSQL lists.

use super::advisory;
use super::prepared;
use crate::ffi::{random, residue};
use tenancy_core::Result;
use tenancy_core::mutant;

/// Closes the cursors that were opened outside: they go on reading with the rights and the plan
/// that they began with. One that a loop is reading cannot be closed, and the error of that keeps
/// the session outside.
pub fn cursors_from_outside() {
    if !mutant::disabled("scrub.cursors_from_outside") {
        residue::close_portals();
    }
}

/// Cleans the session for the next tenant, inside the running transaction.
pub fn run() -> Result<()> {
    if !mutant::disabled("scrub.settings") {
        residue::reset_settings();
    }
    before_commit()
}

/// The same at the end of a transaction that was a tenant's only, where the settings are taken
/// back by their level.
pub fn before_commit() -> Result<()> {
    if !mutant::disabled("scrub.portals") {
        residue::close_portals();
    }
    if !mutant::disabled("scrub.listen") {
        residue::unlisten();
    }
    drop_prepared_statements();
    release_advisory_locks();
    if !mutant::disabled("scrub.sequences") {
        residue::forget_sequences();
    }
    if !mutant::disabled("scrub.seed") {
        residue::reseed(random::stored_bytes()?);
    }
    if !mutant::disabled("scrub.temp_objects") {
        residue::drop_temp_objects();
    }
    Ok(())
}

/// What a rollback leaves behind of a tenant's transaction. Never raises.
pub fn after_abort() {
    if !mutant::disabled("scrub.after_abort") {
        drop_prepared_statements();
        release_advisory_locks();
    }
}

fn release_advisory_locks() {
    if !mutant::disabled("scrub.advisory_locks") {
        residue::release_advisory_locks();
        advisory::forget();
    }
}

fn drop_prepared_statements() {
    if !mutant::disabled("scrub.prepared") {
        prepared::drop_all();
    }
}
