//! Guards that can be switched off one at a time, to see that some test fails without each. Only
//! a build with the feature `mutants` knows how; in every other build this is a constant `false`.
//! `make mutants` finds the guards by their calls of `disabled`, each with a literal of its own.

/// Whether the guard of this name (`layer.guard`) is switched off: by the environment variable
/// `TENANCY_MUTANT` of the server, in a test build.
#[cfg(feature = "mutants")]
pub fn disabled(guard: &str) -> bool {
    static CHOSEN: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    CHOSEN.get_or_init(|| std::env::var("TENANCY_MUTANT").ok()).as_deref() == Some(guard)
}

/// Always `false`: guards cannot be switched off.
#[cfg(not(feature = "mutants"))]
#[inline(always)]
pub const fn disabled(_guard: &str) -> bool {
    false
}
