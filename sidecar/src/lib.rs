//! x
pub mod auth;
pub mod config;
pub mod control;
pub mod pool;
pub mod resolve;
pub mod wire;
