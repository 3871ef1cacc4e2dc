//! Before a relation, a schema or a function of a user is touched: it must be the tenant's own or
//! shared; outside of tenants, the setting `tenancy.guard` decides.

use super::function_access;
use crate::ffi::object_hook::{self, Listener, Touch};
use crate::ffi::relation_hook::{self, Use};
use crate::ffi::report::or_raise;
use crate::session;
use tenancy_core::mutant;

/// ACL_TRUNCATE in nodes/parsenodes.h.
const TRUNCATE: u32 = 1 << 4;

/// Installs the hooks.
pub fn init() {
    relation_hook::install(|used| or_raise(session::check_relation(used)));
    object_hook::install(Listener {
        touch: before,
        runs: function_access::before,
        made: function_access::made,
    });
}

fn before(touch: Touch) -> bool {
    match touch {
        Touch::Named(schema) => or_raise(session::check_schema(schema)),
        Touch::Searched(schema) => return or_raise(session::sees_schema(schema)),
        Touch::Called(function) => return or_raise(session::check_function(function)),
        Touch::Changed(schema) => or_raise(session::check_change(schema)),
        Touch::Truncated(relation) if !mutant::disabled("relation.truncate") => {
            let used = Use { relation, privileges: TRUNCATE, writes: true };
            or_raise(session::check_relation(used));
        }
        Touch::Truncated(_) => {}
    }
    true
}
