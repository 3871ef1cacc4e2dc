//! Before each function call, fast-path messages included: between tenants only the context
//! functions run, and inside a tenant nothing runs once it is not admitted any more.

use crate::ffi::Oid;
use crate::ffi::access_hook;
use crate::ffi::report::or_raise;
use crate::session;

/// Installs the hook.
pub fn init() {
    access_hook::install(before);
}

fn before(function: Oid) {
    or_raise(session::allow_function(function));
}
