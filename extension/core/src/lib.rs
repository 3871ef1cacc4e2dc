//! What tenancy knows without PostgreSQL, a network or a clock: names, hostnames, the
//! lifecycle of a tenant, the rules of the session context and of the statement guard.
//!
//! Every module is a table or a parser that a plain `cargo test` can walk through. Nothing in
//! here may know pgrx, tokio, a socket, a clock or a file; both the extension and the sidecar
//! import this crate, and it imports neither.
#![forbid(unsafe_code)]

pub mod alarm;
pub mod blueprint;
pub mod builtin;
pub mod carried;
pub mod catalog;
pub mod ceiling;
pub mod channel;
pub mod context;
pub mod copy_text;
pub mod disguise;
pub mod error;
pub mod guard;
pub mod hostname;
pub mod large_object;
mod lexer;
pub mod lifecycle;
pub mod migration;
pub mod mutant;
pub mod name;
pub mod pooling;
pub mod quote;
pub mod ration;
pub mod relations;
mod reserved;
pub mod residue;
pub mod schema_name;
pub mod seal;

pub use error::{Error, Result, SqlState};
