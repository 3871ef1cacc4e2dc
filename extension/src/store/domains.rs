//! Hostnames of tenants.

use super::audit;
use super::sql::{self, Session};
use super::tenants::{self, Locked};
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
    let hostname = Hostname::parse(hostname)?;
    sql::as_registry(|s| {
        let tenant = s
            .first(
                "DELETE FROM tenancy.domain WHERE hostname = $1 AND active RETURNING tenant_id",
                &[hostname.as_str().into()],
                |row| row.required::<i64>(1),
            )?
            .ok_or_else(|| unknown(&hostname))?;
        audit::note(s, "remove_domain", Some(tenant), Some(hostname.as_str()), &[])
    })
}

/// Makes a hostname its tenant's primary one.
pub fn set_primary_domain(hostname: &str) -> Result<()> {
    let hostname = Hostname::parse(hostname)?;
    sql::as_registry(|s| {
        let tenant = s
            .first(
                "SELECT tenant_id FROM tenancy.domain WHERE hostname = $1 AND active FOR UPDATE",
                &[hostname.as_str().into()],
                |row| row.required::<i64>(1),
            )?
            .ok_or_else(|| unknown(&hostname))?;
        unset_primary(s, tenant)?;
        s.execute(
            "UPDATE tenancy.domain SET is_primary = true WHERE hostname = $1 AND active",
            &[hostname.as_str().into()],
        )?;
        audit::note(s, "set_primary_domain", Some(tenant), Some(hostname.as_str()), &[])
    })
}

fn unknown(hostname: &Hostname) -> Error {
    Error::new(SqlState::UndefinedTenant, format!("unknown hostname {:?}", hostname.as_str()))
        .hint("SELECT hostname, tenant FROM tenancy.domains lists the hostnames.")
}
