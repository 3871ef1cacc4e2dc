//! Errors as they are raised inside a tenant: a cancellation is noted, so that catching it does not
//! undo it; a hidden schema is said to be missing.

use crate::ffi::error_context::{self, Listener};
use crate::session;

/// Sets whom to tell of errors.
pub fn init() {
    let listener =
        Listener { canceled: session::canceled, schema_denied: session::disguise_schema };
    error_context::install(listener);
}
