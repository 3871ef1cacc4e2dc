//! This backend's entry in pg_stat_activity: the text of its statement, the role that decides who
//! may read it, and the kind of message that is being worked on.

use super::error_context;
use pgrx::pg_sys::{self, Oid};
use std::ffi::CStr;
use std::sync::atomic::{Ordering, fence};

/// Replaces the text of the running statement, then shows the session under another role: members
/// of that role may read the texts to come. Never raises.
pub fn show(text: &CStr, role: Oid) {
    // SAFETY: copies the string into this backend's own entry.
    unsafe { pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, text.as_ptr()) };
    // SAFETY: the entry is this backend's own, which alone writes it. Readers copy it and try again
    // while the count is odd or has moved on; nothing between the two counts can raise, and an
    // interrupt is only noted.
    unsafe {
        let entry = pg_sys::MyBEEntry;
        if entry.is_null() {
            return;
        }
        let count = &raw mut (*entry).st_changecount;
        count.write_volatile(count.read_volatile().wrapping_add(1));
        fence(Ordering::SeqCst);
        (&raw mut (*entry).st_userid).write_volatile(role);
        fence(Ordering::SeqCst);
        count.write_volatile(count.read_volatile().wrapping_add(1));
    }
}

/// Whether the message whose error has reached the top may be a FunctionCall. PostgresMain says so
/// in this entry before it reads the message; where activities are not tracked, every message
/// without a text of its own may be one. Never raises.
pub fn may_be_function_call() -> bool {
    use pg_sys::BackendState as S;
    // SAFETY: the entry is this backend's own, which alone writes it; the others are globals.
    unsafe {
        let state = pg_sys::MyBEEntry.as_ref().map_or(S::STATE_UNDEFINED, |entry| entry.st_state);
        let tracked = pg_sys::pgstat_track_activities
            && !matches!(state, S::STATE_UNDEFINED | S::STATE_DISABLED);
        state == S::STATE_FASTPATH || !(tracked || error_context::had_text())
    }
}
