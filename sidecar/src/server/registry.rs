//! The registry as the resolver wants it, over the client of the SQL functions. The two never
//! see each other; this is where they meet.

use crate::control::{Control, Error, Resolution};
use crate::resolve::{Lookup, Registry, Route, Service, Unreachable};
use tenancy_core::hostname::Hostname;
use tenancy_core::name::TenantName;

/// Asks the extension.
pub struct ControlRegistry(pub Control);

impl Registry for ControlRegistry {
    fn by_hostname<'a>(&'a self, hostname: &'a Hostname) -> Lookup<'a> {
        Box::pin(async { route(self.0.resolve(hostname.as_str()).await) })
    }

    fn by_name<'a>(&'a self, name: &'a TenantName) -> Lookup<'a> {
        Box::pin(async { route(self.0.resolve_name(name.as_str()).await) })
    }
}

fn route(answer: Result<Option<Resolution>, Error>) -> Result<Option<Route>, Unreachable> {
    let found = answer.map_err(|error| {
        tracing::error!(%error, "cannot resolve");
        Unreachable
    })?;
    Ok(found.map(|r| Route {
        service: service(&r.status, r.suspension.as_deref()),
        tenant: r.tenant,
        tenant_id: r.id,
        generation: r.generation,
    }))
}

/// A status that a later extension may add is not served.
fn service(status: &str, suspension: Option<&str>) -> Service {
    match (status, suspension) {
        ("active", _) | ("suspended", Some("read_only")) => Service::Open,
        ("suspended", _) => Service::Suspended,
        _ => Service::NotReady,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_active_and_read_only_tenants_are_open() {
        for (status, suspension, expected) in [
            ("active", None, Service::Open),
            ("suspended", Some("read_only"), Service::Open),
            ("suspended", Some("full"), Service::Suspended),
            ("suspended", None, Service::Suspended),
            ("registered", None, Service::NotReady),
            ("provisioned", None, Service::NotReady),
            ("verified", None, Service::NotReady),
            ("whatever", Some("read_only"), Service::NotReady),
        ] {
            assert_eq!(service(status, suspension), expected, "{status} {suspension:?}");
        }
    }
}
