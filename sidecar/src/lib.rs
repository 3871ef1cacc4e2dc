//! x
pub mod pool;
pub mod wire;
