//! Server connections that all tenants share: raw ones of our own in deadpool's managed pool,
//! each authenticated, sealed, and parked in `closed` whenever nobody holds it.
//!
//! Knows the server and the SQL functions `tenancy.seal` and `tenancy.switch`; must not know
//! HTTP, hostnames, the registry or who asks.

mod authenticate;
mod cancel;
mod channel;
mod checkout;
mod error;
mod link;
mod links;
mod lone;
mod opener;
mod seal;
mod slot;
mod switch;
mod work;

pub use cancel::CancelKey;
pub use checkout::{Checkout, ServerPool, Settings};
pub use error::Error;
pub use link::{Link, Place, Pooling, Target};
pub use links::{Census, Idle, LinkSettings, Links, Loan};
pub use lone::Lone;
pub use opener::{Address, Endpoint};
pub use switch::Entered;
pub use work::Work;

#[cfg(test)]
mod tests;
