//! Bringing a dropped tenant back: suspended, for somebody to look at it first.

use super::tenants;
use super::{former_names, import, provision, verify};
use crate::ffi::report;
use crate::sql::{self, Session};
use tenancy_core::lifecycle::{Operation, Suspension};
use tenancy_core::name::TenantName;
use tenancy_core::{Error, Result, SqlState};

/// Each hostname that the tenant had, and whether it leads to it again.
pub type Hostnames = Vec<(String, bool)>;

/// Brings a tenant back, under another name when its own is taken. The logins that were granted it
/// are as they were.
pub fn undrop(name: &str, id: Option<i64>, new_name: Option<&str>) -> Result<Hostnames> {
    let new_name = TenantName::parse(new_name.unwrap_or(name))?;
    let (tenant, hostnames) = sql::as_registry(|s| {
        let (mut tenant, _) = tenants::lock_dropped(s, name, id)?;
        tenant.status.after(Operation::Undrop)?;
        import::refuse_half(s, tenant.id)?;
        tenants::refuse_taken(s, new_name.as_str())?;
        let rename = "UPDATE tenancy.tenant SET name = $2 WHERE id = $1 AND name <> $2";
        s.execute(rename, &[tenant.id.into(), new_name.as_str().into()])?;
        former_names::refuse_quarantined(s, new_name.as_str(), tenant.id)?;
        let suspended = Some((Suspension::Full, Some("undropped")));
        tenants::unless_taken(new_name.as_str(), || {
            tenants::advance(s, &mut tenant, Operation::Undrop, suspended)
        })?;
        let hostnames =
            report::unless_duplicate(|| bring_hostnames_back(s, tenant.id), hostname_taken)?;
        Ok((tenant, hostnames))
    })?;
    provision::grant(&tenant.names)?;
    verify::require(&tenant.names)?;
    Ok(hostnames)
}

fn hostname_taken() -> Error {
    Error::new(
        SqlState::DuplicateObject,
        "a hostname of the tenant was given to another at this moment",
    )
    .hint("Call tenancy.undrop() again: it leaves hostnames that others have to them.")
}

/// Those that lead nowhere now; the first of them is primary when the primary one is not.
fn bring_hostnames_back(session: &mut Session<'_, '_>, tenant: i64) -> Result<Hostnames> {
    let arguments = [tenant.into()];
    session.execute(
        "UPDATE tenancy.domain d SET active = true WHERE tenant_id = $1 AND NOT EXISTS \
         (SELECT FROM tenancy.domain o WHERE o.hostname = d.hostname AND o.active)",
        &arguments,
    )?;
    let hostnames = session.returning(
        "SELECT array_agg(hostname ORDER BY hostname), array_agg(active ORDER BY hostname) \
         FROM tenancy.domain WHERE tenant_id = $1",
        &arguments,
        |row| Ok((row.get::<Vec<String>>(1)?, row.get::<Vec<bool>>(2)?)),
    )?;
    // The hostnames of others are not the tenant's any more.
    session
        .execute("DELETE FROM tenancy.domain WHERE tenant_id = $1 AND NOT active", &arguments)?;
    session.execute(
        "UPDATE tenancy.domain SET is_primary = true WHERE tenant_id = $1 AND hostname = \
         (SELECT min(hostname) FROM tenancy.domain WHERE tenant_id = $1 HAVING NOT bool_or(is_primary))",
        &arguments,
    )?;
    let (names, active) = hostnames.unwrap_or_default();
    Ok(names.unwrap_or_default().into_iter().zip(active.unwrap_or_default()).collect())
}
