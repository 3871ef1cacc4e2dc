//! The ends of transactions: contexts that end with them, moves that they undo, and the role that
//! PostgreSQL puts back although the context goes on. Nothing here may raise but `pre_commit`.

use super::{
    advisory, cancels, client, left_behind, listening, notifications, position, rations, scrub,
};
use crate::ffi::report::or_raise;
use crate::ffi::transaction::Event;
use crate::ffi::{activity, backend, roles};
use crate::shared;
use std::cell::Cell;
use tenancy_core::Result;
use tenancy_core::context::{self, Place};
use tenancy_core::mutant;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moving {
    No,
    /// A gateway's move was refused: whatever becomes of the transaction, it ends in `closed`.
    Refused,
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

/// Notes that a gateway's move was refused. Not closed at once: the rest of a statement that
/// caught the error would go on under the role of `closed`.
pub fn refuses_move() {
    if !mutant::disabled("lock.refused_move") {
        MOVING.set(Moving::Refused);
    }
}

/// Refuses a second move in one transaction with 25001: its end could settle one of the two only.
pub fn require_at_rest(function: &str) -> Result<()> {
    let at_rest = MOVING.get() == Moving::No || mutant::disabled("lock.one_move");
    if at_rest { Ok(()) } else { Err(context::in_block(function)) }
}

/// Follows the end of a transaction.
pub fn react(event: Event) {
    match event {
        Event::PreCommit => pre_commit(),
        Event::Commit => commit(),
        Event::Abort => abort(),
        Event::SubtransactionAbort => subtransaction_abort(),
        Event::SubtransactionCommit => listening::subtransaction_commits(),
        Event::SubtransactionStart => rations::subtransaction_begins(),
    }
}

/// What a transaction would leave to whoever uses the session next.
fn pre_commit() {
    or_raise(client::before_commit());
    if position::place() == Place::Transaction {
        if !mutant::disabled("scrub.local") {
            or_raise(scrub::before_commit());
        }
        position::undo_settings();
    }
}

fn commit() {
    left_behind::commit();
    rations::transaction_ends();
    shared::on_commit();
    advisory::forget_transaction();
    position::forget_admission();
    notifications::forget();
    match MOVING.replace(Moving::No) {
        Moving::Out => position::set_key(None),
        Moving::Refused => close(),
        Moving::On | Moving::No => {}
    }
    if position::place() == Place::Transaction {
        position::forget_visit();
    }
}

fn abort() {
    left_behind::abort();
    rations::transaction_ends();
    rations::rolled_back();
    roles::forget_code();
    shared::on_abort();
    advisory::forget_transaction();
    position::forget_admission();
    notifications::forget();
    let moved = MOVING.replace(Moving::No) != Moving::No && !mutant::disabled("lock.failed_move");
    if moved || is_failed_call() {
        close();
    }
    if position::place() == Place::Transaction {
        position::forget_visit();
        scrub::after_abort();
    }
    if !mutant::disabled("lock.role_after_abort") {
        position::reapply_role();
    }
}

/// A FunctionCall in a gateway's tenant that fails may have been the call of `switch()`, stopped
/// before it got there: by an outdated OID, an argument, a cancellation. What was written behind it
/// is meant for the next tenant. Inside of a block of the client's nobody is moved.
fn is_failed_call() -> bool {
    let in_tenant = position::place() == Place::Session && position::is_gateway();
    in_tenant
        && !mutant::disabled("lock.failed_call")
        && activity::may_be_function_call()
        && !backend::stays_in_failed_block()
}

fn close() {
    position::close();
    position::settle_closed();
}

/// Inside a definer function PostgreSQL has put back the function's owner, and no move was
/// possible there.
fn subtransaction_abort() {
    cancels::subtransaction_aborts();
    listening::subtransaction_aborts();
    rations::rolled_back();
    if !roles::in_definer() && !mutant::disabled("lock.role_after_subabort") {
        position::reapply_role();
    }
}
