//! Before each function call, fast-path messages included: between tenants only the context
//! functions run, and inside a tenant nothing runs once it is not admitted any more. After each
//! object is made: whether a tenant has too many temporary ones.

use crate::ffi::Oid;
use crate::ffi::access_hook;
use crate::ffi::report::or_raise;
use crate::session;

/// Installs the hook.
pub fn init() {
    access_hook::install(before, made);
}

fn made(class: Oid, object: Oid) {
    or_raise(session::object_made(class, object));
}

fn before(function: Oid) {
    or_raise(session::allow_function(function));
}
