//! The border to PostgreSQL's C: the only place with `unsafe`. Each file offers safe functions
//! over one part of the server; none of them knows a tenant, a context or a rule. Where C calls
//! us, a safe function registered by the modules above is called back.
#![allow(unsafe_code)]

pub use pgrx::pg_sys::Oid;

pub mod activity;
pub mod advisory;
pub mod alarm_memory;
pub mod backend;
pub mod bounded_settings;
pub mod builtin_call;
pub mod catalog;
pub mod catalog_filter;
pub mod checked_calls;
pub mod client_messages;
pub mod client_settings;
pub mod compiled_functions;
pub mod cursors;
pub mod error_context;
pub mod event_trigger;
pub mod executor_hook;
mod explained;
mod expressions;
pub mod functions;
pub mod if_exists;
pub mod inlining_hook;
pub mod known;
pub mod large_objects;
mod loans;
pub mod moment;
pub mod named;
pub mod names;
pub mod object_hook;
mod object_kinds;
pub mod own_objects;
pub mod pages;
mod parse_nodes;
pub mod pg_compat;
mod plain_queries;
pub mod plan_cache;
pub mod planner_hook;
mod planted;
pub mod prepared_types;
pub mod random;
pub mod rations;
pub mod reg_io;
mod reg_types;
pub mod reg_values;
pub mod registry_trigger;
pub mod relation_hook;
mod relation_names;
pub mod relations;
pub mod report;
pub mod residue;
pub mod role_settings;
pub mod roles;
pub mod rulings;
pub mod script;
pub mod settings;
pub mod shmem;
pub mod signals;
pub mod subtransaction;
pub mod transaction;
mod trees;
mod unfit;
pub mod utility_hook;
pub mod workers;
