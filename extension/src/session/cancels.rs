//! The end of a statement's time cannot be caught away. PL/pgSQL lets a handler catch a
//! cancellation and go on; inside a tenant what goes on is cancelled again at once, and what keeps
//! catching loses its connection.

use super::position;
use crate::ffi::error_context;
use std::cell::Cell;
use tenancy_core::mutant;

/// So many cancellations of one message are those of nested handlers that tidy up. More are a loop.
const PATIENCE: u32 = 3;

thread_local! {
    /// The client's message, and how often it was cancelled.
    static SEEN: Cell<(i64, u32)> = const { Cell::new((0, 0)) };
}

fn seen() -> u32 {
    let (message, times) = SEEN.get();
    if message == error_context::message_time() { times } else { 0 }
}

/// A statement has been cancelled. Never raises.
pub fn canceled() {
    if !position::is_inside() {
        return;
    }
    let times = seen() + 1;
    SEEN.set((error_context::message_time(), times));
    if times > PATIENCE && !mutant::disabled("ceiling.cancels_caught_in_a_loop") {
        error_context::interrupt(true);
    }
}

/// A subtransaction is being rolled back. If that is because its code catches the cancellation,
/// what follows is cancelled too; if the cancellation goes on to the top, PostgreSQL forgets this
/// there. Never raises.
pub fn subtransaction_aborts() {
    if seen() > 0
        && error_context::is_caught()
        && position::is_inside()
        && !mutant::disabled("ceiling.caught_cancel")
    {
        error_context::interrupt(false);
    }
}
