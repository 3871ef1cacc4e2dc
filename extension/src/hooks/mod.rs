//! The alarm: what PostgreSQL calls before each statement and function. Each file translates, asks
//! the session or `core`, and raises or goes on.

mod ceilings;
mod errors;
mod executor;
mod function_access;
mod planner;
mod relations;
mod role_settings;
mod utility;

/// Installs every hook. For _PG_init. The test build without hooks shows what the wall holds alone.
pub fn init() {
    if cfg!(feature = "without_hooks") {
        return;
    }
    ceilings::init();
    errors::init();
    executor::init();
    planner::init();
    utility::init();
    role_settings::init();
    relations::init();
}
