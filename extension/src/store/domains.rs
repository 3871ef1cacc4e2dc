//! Hostnames of tenants.

use super::audit;
use super::tenants::{self, Locked};
use crate::sql::{self, Session};
use tenancy_core::hostname::Hostname;
use tenancy_core::{Error, Result, SqlState};

/// Leads a hostname to a tenant.
pub fn add_domain(tenant: &str, hostname: &str, is_primary: bool) -> Result<()> {
    sql::as_registry(|s| {
        let tenant = tenants::lock(s, tenant)?;
        add(s, &tenant, hostname, is_primary)
    })
}

/// The same for a tenant at hand; 42710 when the hostname leads somewhere already.
pub fn add(
    session: &mut Session<'_, '_>,
    tenant: &Locked,
    hostname: &str,
    is_primary: bool,
) -> Result<()> {
    let hostname = Hostname::parse(hostname)?;
    if is_primary {
        unset_primary(session, tenant.id)?;
    }
    let added = session.execute(
        "INSERT INTO tenancy.domain (hostname, tenant_id, is_primary) \
         SELECT $1, $2, $3 OR NOT EXISTS (SELECT FROM tenancy.domain WHERE tenant_id = $2 AND is_primary) \
         ON CONFLICT DO NOTHING RETURNING 1",
        &[hostname.as_str().into(), tenant.id.into(), is_primary.into()],
    )?;
    if added == 0 {
        return Err(tenants::taken(format!("hostname {:?} is taken", hostname.as_str())));
    }
    audit::note(session, "add_domain", Some(tenant.id), Some(hostname.as_str()), &[])
}

fn unset_primary(session: &mut Session<'_, '_>, tenant: i64) -> Result<()> {
    session.execute(
        "UPDATE tenancy.domain SET is_primary = false WHERE tenant_id = $1 AND is_primary",
        &[tenant.into()],
    )?;
    Ok(())
}

/// Takes a hostname away from its tenant.
pub fn remove_domain(hostname: &str) -> Result<()> {
    of_hostname(hostname, "remove_domain", |s, _tenant, hostname| {
        s.execute(
            "DELETE FROM tenancy.domain WHERE hostname = $1 AND active RETURNING 1",
            &[hostname.into()],
        )
    })
}

/// Makes a hostname its tenant's primary one.
pub fn set_primary_domain(hostname: &str) -> Result<()> {
    of_hostname(hostname, "set_primary_domain", |s, tenant, hostname| {
        unset_primary(s, tenant)?;
        s.execute(
            "UPDATE tenancy.domain SET is_primary = true \
             WHERE hostname = $1 AND tenant_id = $2 AND active RETURNING 1",
            &[hostname.into(), tenant.into()],
        )
    })
}

/// Changes the row of a hostname under the lock of its tenant; the row may be gone by the time the
/// lock is there.
fn of_hostname(
    hostname: &str,
    action: &str,
    change: impl FnOnce(&mut Session<'_, '_>, i64, &str) -> Result<usize>,
) -> Result<()> {
    let hostname = Hostname::parse(hostname)?;
    sql::as_registry(|s| {
        let tenant =
            tenants::lock_by_hostname(s, hostname.as_str())?.ok_or_else(|| unknown(&hostname))?;
        if change(s, tenant, hostname.as_str())? == 0 {
            return Err(unknown(&hostname));
        }
        audit::note(s, action, Some(tenant), Some(hostname.as_str()), &[])
    })
}

fn unknown(hostname: &Hostname) -> Error {
    Error::new(SqlState::UndefinedTenant, format!("unknown hostname {:?}", hostname.as_str()))
        .hint("SELECT hostname, tenant FROM tenancy.domains lists the hostnames.")
}
