//! The settings that a tenant may lower and not raise.

use crate::ffi::bounded_settings::{self, Listener};
use crate::session;

/// Wraps the settings.
pub fn init() {
    bounded_settings::install(Listener { bound: session::bound, cut_down: session::tell });
}
