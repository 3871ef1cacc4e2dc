//! How much the running transaction has sent by notifications, whichever way.

use crate::settings;
use std::cell::Cell;
use tenancy_core::{Result, channel, mutant};

thread_local! {
    static SENT: Cell<u64> = const { Cell::new(0) };
}

/// Counts a notification of this many bytes that a tenant is about to send; 53400 beyond
/// `tenancy.max_notify_bytes`.
pub fn count_notification(bytes: usize) -> Result<()> {
    if !mutant::disabled("ceiling.notifications") {
        SENT.set(channel::volume(SENT.get(), bytes, settings::max_notify_bytes())?);
    }
    Ok(())
}

/// The transaction has ended. Never raises.
pub fn forget() {
    SENT.set(0);
}
