//! `role` and `session_authorization`: no change inside a context, and after every reset or
//! rollback of the two the context's role again.

use crate::ffi::report::raise;
use crate::ffi::role_settings::{self, Listener};
use crate::session;
use tenancy_core::context::Place;
use tenancy_core::guard;
use tenancy_core::mutant;

/// Wraps the settings.
pub fn init() {
    role_settings::install(Listener { before, after });
}

fn before(name: &str) {
    if session::place() != Place::Outside && !mutant::disabled("lock.role_settings") {
        raise(guard::role_setting(name));
    }
}

fn after() {
    if !mutant::disabled("lock.role_after_assign") {
        session::reapply_role();
    }
}
