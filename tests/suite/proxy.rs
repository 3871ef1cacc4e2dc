//! Clients of PostgreSQL's protocol at the sidecar.

mod clients;
