//! The ends of transactions: contexts that end with them, moves that they undo, and the role that
//! PostgreSQL puts back although the context goes on. Nothing here may raise.

use super::{position, scrub};
use crate::ffi::transaction::Event;
use crate::shared;
use std::cell::Cell;
use tenancy_core::context::Place;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moving {
    No,
    /// The session was cleaned and moved on in this transaction.
    On,
    /// It was cleaned and has left.
    Out,
}

thread_local! {
    static MOVING: Cell<Moving> = const { Cell::new(Moving::No) };
}

/// Notes that this transaction moves the session. If it fails, the session is between tenants.
pub fn moves() {
    MOVING.set(Moving::On);
}

/// Notes that the move of this transaction ends the context.
pub fn ends_context() {
    MOVING.set(Moving::Out);
}

/// Follows the end of a transaction.
pub fn react(event: Event) {
    match event {
        Event::Commit => commit(),
        Event::Abort => abort(),
        Event::SubtransactionAbort => position::reapply_role(),
    }
}

fn commit() {
    shared::on_commit();
    scrub::on_commit();
    if MOVING.replace(Moving::No) == Moving::Out {
        position::set_key(None);
    }
    if position::place() == Place::Transaction {
        position::forget_visit();
    }
}

fn abort() {
    shared::on_abort();
    scrub::on_abort();
    if MOVING.replace(Moving::No) != Moving::No {
        position::close();
        position::settle_closed();
    }
    if position::place() == Place::Transaction {
        position::forget_visit();
    }
    position::reapply_role();
}
