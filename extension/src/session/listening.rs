//! The channels that a gateway's client listens to. PostgreSQL has no answer to that outside of a
//! transaction, so its own bookkeeping is followed here: LISTEN and UNLISTEN take effect in their
//! order when the transaction commits, those of a subtransaction with the one around it.

use crate::ffi::backend;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// What a statement asks for.
pub enum Change {
    /// LISTEN.
    Listen(String),
    /// UNLISTEN.
    Unlisten(String),
    /// UNLISTEN *.
    UnlistenAll,
}

#[derive(Default)]
struct Listening {
    channels: BTreeSet<String>,
    /// With the depth of the transaction that each belongs to.
    pending: Vec<(i32, Change)>,
}

thread_local! {
    static LISTENING: RefCell<Listening> = RefCell::default();
}

/// A statement is about to run.
pub fn note(change: Change) {
    LISTENING.with_borrow_mut(|all| all.pending.push((backend::nesting(), change)));
}

/// Whether there is a channel.
pub fn any() -> bool {
    LISTENING.with_borrow(|all| !all.channels.is_empty())
}

/// The session has been cleaned. Never raises.
pub fn forget() {
    LISTENING.take();
}

/// The transaction has committed. Never raises.
pub fn commit() {
    LISTENING.with_borrow_mut(|Listening { channels, pending }| {
        for (_, change) in pending.drain(..) {
            match change {
                Change::Listen(channel) => drop(channels.insert(channel)),
                Change::Unlisten(channel) => drop(channels.remove(&channel)),
                Change::UnlistenAll => channels.clear(),
            }
        }
    });
}

/// It has been rolled back. Never raises.
pub fn abort() {
    LISTENING.with_borrow_mut(|all| all.pending.clear());
}

/// The running subtransaction goes on in the one around it. Never raises.
pub fn subtransaction_commits() {
    LISTENING.with_borrow_mut(|all| {
        let inner = backend::nesting();
        all.pending.iter_mut().for_each(|(depth, _)| *depth = (*depth).min(inner - 1));
    });
}

/// The running subtransaction is being rolled back. Never raises.
pub fn subtransaction_aborts() {
    LISTENING.with_borrow_mut(|all| all.pending.retain(|(depth, _)| *depth < backend::nesting()));
}
