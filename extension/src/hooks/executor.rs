//! Before each planned statement: nothing but the context functions between tenants; inside a
//! tenant the role is the context's and the tenant is still admitted.

use crate::ffi::executor_hook::{self, Statement};
use crate::ffi::report::or_raise;
use crate::session;
use tenancy_core::context::Place;

/// Installs the hook.
pub fn init() {
    executor_hook::install(before);
}

fn before(statement: &Statement) {
    or_raise(match session::place() {
        Place::Outside => Ok(()),
        Place::Closed => session::closed_to_statements(statement.bare_call()),
        Place::Session | Place::Transaction => session::allow_statement(|| statement.bare_call()),
    });
}
