//! From a hostname to a tenant: a bounded cache over the registry. The cache may be stale; the
//! generation that the server answers to a switch is the truth, and who compares it calls
//! [`Resolver::forget`].
//!
//! Must not know how the registry is reached, server connections, HTTP or logins.

mod cache;
mod notifications;
mod registry;

pub use notifications::Hint;
pub use registry::{Lookup, Registry, Route, Service, Unreachable};

use cache::{Cache, Found, Key};
use std::sync::Arc;
use std::time::Duration;
use tenancy_core::hostname::Hostname;
use tenancy_core::name::TenantName;

/// How the cache behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Number of entries.
    pub cache_size: u64,
    /// Life time of a route.
    pub ttl: Duration,
    /// Life time of "there is none".
    pub negative_ttl: Duration,
}

/// Finds tenants.
pub struct Resolver {
    registry: Arc<dyn Registry>,
    base_domains: Vec<Hostname>,
    cache: Cache,
}

impl Resolver {
    /// Over a registry; `base_domains` are those whose direct subdomains are tenants' names.
    pub fn new(
        registry: Arc<dyn Registry>,
        base_domains: Vec<Hostname>,
        settings: Settings,
    ) -> Self {
        Self { registry, base_domains, cache: Cache::new(settings) }
    }

    /// The tenant behind a hostname: a registered domain, else a subdomain of a base domain.
    pub async fn by_hostname(
        &self,
        hostname: &Hostname,
    ) -> Result<Option<Arc<Route>>, Unreachable> {
        let load = async {
            if let Some(route) = self.registry.by_hostname(hostname).await? {
                return Ok(Found { route: Some(route), is_fallback: false });
            }
            let route = match self.named_by(hostname) {
                Some(name) => self.registry.by_name(&name).await?,
                None => None,
            };
            // The hostname may yet be registered as a domain of another tenant.
            Ok(Found { route, is_fallback: true })
        };
        self.cache.get(Key::Hostname(hostname.clone()), load).await
    }

    /// The tenant of a name.
    pub async fn by_name(&self, name: &TenantName) -> Result<Option<Arc<Route>>, Unreachable> {
        let load = async {
            let route = self.registry.by_name(name).await?;
            Ok(Found { route, is_fallback: false })
        };
        self.cache.get(Key::Name(name.clone()), load).await
    }

    /// Acts on a notification of the registry.
    pub fn hint(&self, hint: Hint) {
        match hint {
            Hint::Everything => self.cache.drop_all(),
            Hint::Tenant(id) => self.cache.drop_tenant(id),
        }
    }

    /// Drops what is cached of a tenant: the server said that it is stale.
    pub fn forget(&self, tenant_id: i64) {
        self.cache.drop_tenant(tenant_id);
    }

    /// Rises with every hint and with every tenant forgotten. While it stays, a route that was
    /// found holds as far as anybody here knows, and need not be looked up again. To be read
    /// before the route is asked for, not after.
    pub fn version(&self) -> u64 {
        self.cache.tick()
    }

    fn named_by(&self, hostname: &Hostname) -> Option<TenantName> {
        let label = self.base_domains.iter().find_map(|base| hostname.strip_base(base))?;
        TenantName::parse(label).ok()
    }
}

#[cfg(test)]
mod tests;
