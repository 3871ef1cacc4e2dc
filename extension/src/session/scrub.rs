//! Removing what a session could carry from one tenant to the next. What has a cheap test is
//! looked for, what has none is removed every time; nothing depends on a hook having seen it but
//! the names of statements prepared by SQL, which no function of PostgreSQL lists.

use crate::ffi::residue;
use std::cell::{Cell, RefCell};

thread_local! {
    static TEMP_OBJECTS: Cell<bool> = const { Cell::new(false) };
    static PREPARED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static CLEANED: Cell<bool> = const { Cell::new(false) };
}

/// Notes the name of a statement that SQL is about to prepare.
pub fn note_prepared(name: String) {
    PREPARED.with_borrow_mut(|names| {
        if !names.contains(&name) {
            names.push(name);
        }
    });
}

/// Cleans the session, inside the running transaction. The notes stay until it has committed, so
/// that a failed clean-up is done again.
pub fn run() {
    residue::close_portals();
    residue::reset_always();
    for name in PREPARED.with_borrow(Clone::clone) {
        residue::drop_prepared_statement(&name);
    }
    if TEMP_OBJECTS.get() || residue::temp_objects_touched() {
        residue::drop_temp_objects();
    }
    CLEANED.set(true);
}

/// Settles the notes when a transaction has committed. Never raises.
pub fn on_commit() {
    if CLEANED.take() {
        TEMP_OBJECTS.set(false);
        PREPARED.with_borrow_mut(Vec::clear);
    } else if residue::temp_objects_touched() {
        TEMP_OBJECTS.set(true);
    }
}

/// The clean-up was rolled back.
pub fn on_abort() {
    CLEANED.set(false);
}
