//! The sidecar of tenancy: a request with a hostname comes in, a tenant's rows go out.
//!
//! ```text
//!            cli ──> server ──┬──> http ───┬──> admission ──┬──> resolve   names to tenants: cache, hints
//!             │         │     └──> proxy ──┤                ├──> auth      passwords against SCRAM verifiers
//!             v         v                  │                └──> control   the extension's SQL functions
//!          config   shutdown               └──> pool ──> wire   server connections, messages
//!        telemetry
//! ```
//!
//! One request over HTTP: `http::target` and `http::credentials` read its headers, `admission`
//! checks the login (`auth`, `control`) and finds the tenant (`resolve`), `http::sql` reads the body,
//! borrows a connection that is parked in `closed` (`pool`), switches it into the tenant with the
//! work right behind, compares the switch's answer with the route before the work can take
//! effect, and answers; then the connection is parked again, off the client's path.
//!
//! One client of PostgreSQL's protocol: `proxy::handshake` takes it from accept to the point where it
//! is authenticated, with the same `admission`.
//!
//! `fleet` (export and import of tenants, with `archive` for the file) is beside all this: commands of
//! an administrator, which `cli` starts.
//!
//! Who may import whom: `archive`, `wire`, `auth` and `tls` import nobody; `fleet` imports `archive`; `pool` imports `wire`; `resolve`,
//! `auth`, `pool` and `control` never see each other; `admission` joins all of them but `pool`; `http`
//! and `proxy`, which never see each other, join it with `pool`; `admin` (metrics, health) looks at these
//! two; `server` knows all and
//! builds them from `config`, which imports nobody; only `cli` starts it. `fleet`, the work on many
//! tenants, also imports `shutdown`, and of `pool` and `wire` what leads a command into a tenant.
#![forbid(unsafe_code)]

pub mod admin;
pub mod admission;
pub mod archive;
pub mod auth;
pub mod cli;
pub mod config;
pub mod control;
pub mod error;
pub mod fleet;
pub mod http;
pub mod pool;
pub mod proxy;
pub mod resolve;
pub mod server;
pub mod shutdown;
pub mod telemetry;
pub mod tls;
pub mod wire;
