//! tenancy: many tenants in one PostgreSQL database, each in a schema of its own, and sessions
//! that cannot leave the tenant they were put into.
//!
//! Folders, from the outside in; each imports only what stands below it:
//! - `api`: the SQL functions. Parse, call, map the error.
//! - `hooks`: what PostgreSQL calls before each statement. Ask the session and `core`, raise.
//! - `catalog`: which objects of the catalogs a tenant sees.
//! - `session`: the backend's context: enter, leave, switch, seal, scrub.
//! - `store`: the registry: SQL text in, core types out.
//! - `clone`: a schema in, the script that makes its copies out.
//! - `sql`: running SQL, as whom and under which path.
//! - `shared`: what all backends share: the registry's epoch, who is where, suspensions.
//! - `settings`: the `tenancy.*` settings.
//! - `ffi`: the only `unsafe`; knows PostgreSQL's C and nothing of tenants.
//! - `tenancy_core`: names, hostnames, lifecycle, the rules of context and guard, as tables.
//!
//! Security rests on four layers. The wall is PostgreSQL's own ACL: a tenant role reaches its own
//! schema, and its objects belong to its own owner role. The lock is the context: in process
//! memory, sealed by a key, beyond transactions and settings. The alarm is the hooks. The scrub
//! removes what a session could carry from one tenant to the next.
#![deny(unsafe_code)]

mod api;
mod catalog;
mod clone;
mod ffi;
mod hooks;
mod session;
mod settings;
mod shared;
mod sql;
mod store;

::pgrx::pg_module_magic!();

/// Called by PostgreSQL when it loads the library: once, by the postmaster.
#[allow(non_snake_case)]
#[pgrx::pg_guard]
pub extern "C-unwind" fn _PG_init() {
    ffi::backend::without_backtraces();
    settings::require_preload();
    settings::init();
    shared::init();
    session::init();
    api::init();
    hooks::init();
}
