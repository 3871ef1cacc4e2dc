//! The PostgreSQL face: one client of PostgreSQL's protocol from accept to end.

pub mod handshake;
pub mod stream;
