//! Before each utility statement: the guard's table, then what holds for every statement. The end
//! of a transaction passes always: it is the way out of a refused one.

use crate::ffi::report::or_raise;
use crate::ffi::utility_hook;
use crate::session;
use tenancy_core::context::Place;
use tenancy_core::guard::{self, Utility};

/// Installs the hook.
pub fn init() {
    utility_hook::install(before, session::note_prepared);
}

fn before(statement: Utility) {
    let place = session::place();
    or_raise(guard::utility(place, statement));
    let inside = matches!(place, Place::Session | Place::Transaction);
    if inside && statement != Utility::TransactionControl {
        or_raise(session::require_valid());
    }
}
