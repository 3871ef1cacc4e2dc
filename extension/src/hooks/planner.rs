//! Before a Query is planned inside a tenant: the passes that make it see the tenant's own only.

use crate::catalog;
use crate::ffi::planner_hook::{self, Pass};
use crate::ffi::{catalog_filter, checked_calls, inlining_hook, reg_io};
use crate::session;

/// What is done to each Query, in this order.
const PASSES: &[Pass] = &[catalog_filter::apply, checked_calls::apply];

/// Installs the hook, and the one that leaves nothing to be added to a Query after the passes.
pub fn init() {
    planner_hook::install(session::is_inside, PASSES);
    checked_calls::ask(catalog::sees);
    reg_io::install(session::is_inside);
    inlining_hook::install();
}
