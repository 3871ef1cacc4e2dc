//! Plans that PostgreSQL keeps for statements that run again.

unsafe extern "C-unwind" {
    // Past pgrx's guard, on the hot path: it cannot raise.
    #[link_name = "ResetPlanCache"]
    fn reset_plan_cache();
}

/// Has every kept plan made anew before it is used again.
pub fn reset() {
    // SAFETY: marks the kept plans invalid; cannot raise.
    unsafe { reset_plan_cache() }
}
