//! Renaming, a matter of the registry alone: schema and roles have names of their own for life. For a
//! while nobody else takes the former name, so that what still asks for it reaches nobody.

use super::{audit, tenants};
use crate::settings::{self, Period};
use crate::sql::{self, Session};
use tenancy_core::name::TenantName;
use tenancy_core::{Error, Result, SqlState};

/// Gives a tenant another name. Its own former names are free to it.
pub fn rename(name: &str, new_name: &str) -> Result<()> {
    let new_name = TenantName::parse(new_name)?;
    let (new_name, kept) = (new_name.as_str(), settings::period(Period::NameQuarantine));
    sql::as_registry(|s| {
        let tenant = tenants::lock(s, name)?;
        tenants::refuse_taken(s, new_name)?;
        let (id, kept) = (tenant.id, i64::try_from(kept.as_secs()).unwrap_or(0));
        let update = "UPDATE tenancy.tenant SET name = $2 WHERE id = $1";
        let arguments = [id.into(), new_name.into()];
        tenants::unless_taken(new_name, || s.execute(update, &arguments))?;
        refuse_quarantined(s, new_name, id)?;
        let own = "DELETE FROM tenancy.former_name WHERE tenant_id = $1 AND (name = $2 OR until <= now())";
        s.execute(own, &[id.into(), new_name.into()])?;
        s.execute(
            "INSERT INTO tenancy.former_name (name, tenant_id, until) \
             SELECT $1, $2, now() + $3 * interval '1 second' WHERE $3 > 0",
            &[name.into(), id.into(), kept.into()],
        )?;
        audit::note(s, "rename", Some(id), Some(new_name), &[("from", name), ("to", new_name)])
    })
}

/// Refuses a name that another tenant has had until recently, with 42710. To be asked once the
/// name stands in the registry: whoever was renamed meanwhile has finished then.
pub fn refuse_quarantined(session: &mut Session<'_, '_>, name: &str, tenant: i64) -> Result<()> {
    let until = session.returning(
        "SELECT max(until)::text FROM tenancy.former_name WHERE name = $1 AND tenant_id <> $2 AND until > now()",
        &[name.into(), tenant.into()],
        |row| row.get::<String>(1),
    )?;
    let Some(until) = until.flatten() else { return Ok(()) };
    Err(Error::new(SqlState::DuplicateObject, format!("the name {name:?} is kept free"))
        .detail(format!("Another tenant had it until recently; it is free from {until}."))
        .hint("Choose another name. tenancy.name_quarantine says for how long; a superuser may delete the row in tenancy.former_name."))
}
