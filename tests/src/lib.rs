//! Fixtures for tests that need a PostgreSQL server, from the ground up:
//!
//! - [`cluster`]: a throw-away server with the built extension, one per test process, gone when the
//!   process is
//! - [`database`]: a database per test, with the extension in it
//! - [`login`]: unprivileged logins, and sessions of them over tokio-postgres
//! - [`tenant`]: tenants that hold a row each, and the application that may enter them
//! - [`wire`]: a client of single protocol messages, for what no driver would send
//! - [`sidecar`]: a `tenancy serve` process in front of a database, and an HTTP client for it
//! - [`node`]: drivers for JavaScript
//!
//! A test acts as an unprivileged client, because a superuser passes every guard. The fixtures know
//! how to start things and how to talk to them; what is right is for the tests to say, so a fixture
//! panics only when it cannot do its own work.

#![forbid(unsafe_code)]

pub mod cluster;
pub mod database;
pub mod login;
pub mod node;
pub mod session;
pub mod sidecar;
pub mod tenant;
pub mod wire;
