//! Plans that PostgreSQL keeps for statements that run again.

use pgrx::pg_sys;

/// Has every kept plan made anew before it is used again.
pub fn reset() {
    // SAFETY: marks the kept plans invalid; cannot raise.
    unsafe { pg_sys::ResetPlanCache() }
}
