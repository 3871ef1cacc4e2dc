//! Before each function call, fast-path messages included: between tenants only the context
//! functions run, inside a tenant nothing runs once it is not admitted any more, and none of
//! PostgreSQL's own functions that could show or reach others. After each object is made:
//! whether a tenant has too many temporary ones.

use crate::ffi::Oid;
use crate::ffi::report::or_raise;
use crate::ffi::rulings::{self, Ruling};
use crate::ffi::{functions, roles};
use crate::session;
use tenancy_core::builtin;
use tenancy_core::{Result, mutant};

/// A relation, a type or a function has been made.
pub fn made(class: Oid, object: Oid) {
    or_raise(session::object_made(class, object));
}

/// A function is about to run.
pub fn before(function: Oid) {
    or_raise(session::allow_function(function));
    if functions::is_set_config(function) {
        session::settings_change();
    }
    if session::is_inside() && !roles::in_own_work() {
        or_raise(allow_builtin(function));
    }
}

/// What has a twin comes by here only where no query calls it: the twin stands in for it there.
fn allow_builtin(function: Oid) -> Result<()> {
    let name = || functions::name(function).unwrap_or_default();
    match rulings::ruling(function) {
        Ruling::Refused if !mutant::disabled("function.refused") => Err(builtin::refusal(&name())),
        Ruling::Replaced { guarded: false, .. } if !mutant::disabled("function.unreplaced") => {
            Err(builtin::unreplaced(&name()))
        }
        _ => Ok(()),
    }
}
