//! One snapshot for several queries: what is read under it is of one moment.

use pgrx::pg_sys;

/// The active snapshot, until dropped; cursors take it.
pub struct Moment(());

impl Moment {
    /// Of now, where the isolation level lets a statement see what others commit, else of the
    /// transaction's beginning.
    pub fn now() -> Self {
        // SAFETY: inside a transaction. PostgreSQL keeps what is pushed until it is popped, which
        // Drop does, or until the (sub)transaction is aborted.
        unsafe { pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot()) };
        Self(())
    }
}

impl Drop for Moment {
    fn drop(&mut self) {
        // While an error unwinds, the abort takes it away with all that lie on it.
        if !std::thread::panicking() {
            // SAFETY: whoever pushed others since has popped them: they live in inner scopes.
            unsafe { pg_sys::PopActiveSnapshot() };
        }
    }
}
