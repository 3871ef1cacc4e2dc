//! Who may enter which tenant now: existence, grant and state, in an order that tells a login
//! without a grant nothing.

use super::cache;
use super::position::Stay;
use crate::ffi::roles;
use crate::shared;
use crate::store::Tenant;
use std::rc::Rc;
use tenancy_core::context::Capacity;
use tenancy_core::lifecycle::{self, Access};
use tenancy_core::mutant;
use tenancy_core::{Error, Result, SqlState};

/// Permission to enter.
pub struct Admitted {
    /// The visit that may begin.
    pub stay: Stay,
    /// What it may do.
    pub access: Access,
    /// Whether it must be sealed.
    pub sealed: bool,
    /// The epoch before the registry was read.
    pub epoch: u64,
}

/// Admits the session's login.
pub fn of_login(tenant: &str, capacity: Capacity) -> Result<Admitted> {
    let epoch = shared::epoch();
    let tenant = cache::tenant(tenant)?.ok_or_else(lifecycle::unknown_tenant)?;
    if capacity.is_import() {
        let access = of_importer(&tenant)?;
        return Ok(Admitted { stay: Stay { tenant, capacity }, access, sealed: true, epoch });
    }
    let sealed = login_grant(&tenant)?;
    admit(tenant, capacity, sealed, epoch)
}

/// Admits an administrator to a tenant that is being imported, and as long as it is.
pub fn of_importer(tenant: &Tenant) -> Result<Access> {
    let login = roles::session_user();
    if roles::is_member(login, "tenancy_admin") || roles::is_superuser(login) {
        return lifecycle::admit_import(tenant.status);
    }
    Err(lifecycle::unknown_tenant())
}

/// Admits a gateway, which answers for its own clients' grants. It names the tenant, or the route
/// that it found: `<id>/<generation>`. A route that the registry has moved on from is refused with
/// 40001, so that what the gateway decided on it is never acted on.
pub fn of_gateway(target: &str) -> Result<Admitted> {
    let epoch = shared::epoch();
    let tenant = match Route::parse(target) {
        Some(route) => route.tenant()?,
        None => cache::tenant(target)?.ok_or_else(lifecycle::unknown_tenant)?,
    };
    admit(tenant, Capacity::Member, true, epoch)
}

/// A tenant as a gateway knew it. No tenant's name holds a slash or starts with a digit.
struct Route {
    id: i64,
    generation: i64,
}

impl Route {
    fn parse(text: &str) -> Option<Self> {
        let (id, generation) = text.split_once('/')?;
        Some(Self { id: id.parse().ok()?, generation: generation.parse().ok()? })
    }

    fn tenant(&self) -> Result<Rc<Tenant>> {
        let tenant = cache::tenant_by_id(self.id)?.ok_or_else(lifecycle::unknown_tenant)?;
        if tenant.generation == self.generation || mutant::disabled("lock.route") {
            return Ok(tenant);
        }
        Err(Error::new(SqlState::SerializationFailure, "the route to the tenant is out of date")
            .detail("The registry has changed since it was resolved.")
            .hint("Resolve the hostname again."))
    }
}

/// Whether the login's contexts in the tenant must be sealed; 3D000 when it has no grant. A
/// superuser, who could give itself one, needs none.
pub fn login_grant(tenant: &Tenant) -> Result<bool> {
    let login = roles::session_user();
    match cache::grant(login, tenant.id)? {
        Some(sealed) => Ok(sealed),
        None if roles::is_superuser(login) => Ok(true),
        None if mutant::disabled("lock.grant") => Ok(true),
        None => Err(lifecycle::unknown_tenant()),
    }
}

fn admit(tenant: Rc<Tenant>, capacity: Capacity, sealed: bool, epoch: u64) -> Result<Admitted> {
    if capacity == Capacity::Owner {
        require_migrator()?;
    }
    let access = match lifecycle::admit(tenant.status, tenant.suspension) {
        Err(_) if mutant::disabled("lock.state") => Access::Full,
        admitted => admitted?,
    };
    Ok(Admitted { stay: Stay { tenant, capacity }, access, sealed, epoch })
}

fn require_migrator() -> Result<()> {
    let login = roles::session_user();
    let allowed = roles::is_member(login, "tenancy_migrator") || roles::is_superuser(login);
    if allowed || mutant::disabled("lock.migrator") {
        return Ok(());
    }
    Err(Error::new(SqlState::InsufficientPrivilege, "permission denied to enter as the owner")
        .detail("Only members of role \"tenancy_migrator\" may.")
        .hint("Enter as a member, or use the login of the migration tool."))
}
