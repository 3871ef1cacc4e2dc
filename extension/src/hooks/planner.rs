//! Before a Query is planned inside a tenant: the passes that make it see the tenant's own only.

use crate::ffi::planner_hook::{self, Pass};
use crate::session;

/// What is done to each Query, in this order.
const PASSES: &[Pass] = &[];

/// Installs the hook.
pub fn init() {
    planner_hook::install(session::is_inside, PASSES);
}
