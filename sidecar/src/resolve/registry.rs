//! What this module asks of the registry, and what it gets.

use std::future::Future;
use std::pin::Pin;
use tenancy_core::hostname::Hostname;
use tenancy_core::name::TenantName;

/// Where a hostname leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The tenant's name, which is what `switch` takes.
    pub tenant: String,
    /// The tenant's id, which never changes.
    pub tenant_id: i64,
    /// Whether it may be served.
    pub service: Service,
    /// The registry's generation of this tenant when it was asked.
    pub generation: i64,
}

/// Whether a tenant may be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Active, or suspended to reading: the server refuses the writes.
    Open,
    /// Suspended.
    Suspended,
    /// Not yet active.
    NotReady,
}

/// The registry gave no answer, for reasons that are in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the registry cannot be reached")]
pub struct Unreachable;

/// An answer that is yet to come.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = Result<Option<Route>, Unreachable>> + Send + 'a>>;

/// The registry.
pub trait Registry: Send + Sync {
    /// The tenant for which a domain is registered.
    fn by_hostname<'a>(&'a self, hostname: &'a Hostname) -> Lookup<'a>;

    /// The tenant of a name.
    fn by_name<'a>(&'a self, name: &'a TenantName) -> Lookup<'a>;
}
