//! Removing a dropped tenant for good: batch after batch, each a transaction of its own and so small
//! that the lock table of a server with default settings holds it. Whatever ends one, the next call
//! goes on. What lies outside of the tenant's schema is never taken along.

use super::tenants::{self, Locked};
use crate::ffi::{Oid, event_trigger};
use crate::settings::{self, Period};
use crate::sql::{self, Session};
use pgrx::datum::DatumWithOid;
use std::time::Duration;
use tenancy_core::lifecycle::Operation;
use tenancy_core::quote::identifier;
use tenancy_core::schema_name::TenantIdentifiers;
use tenancy_core::{Error, Result, SqlState};

const OBSTACLES: &str = include_str!("purge/obstacles.sql");
/// What goes first: nothing depends on it but what went before.
const STAGES: [(&str, &str); 4] = [
    ("views", include_str!("purge/views.sql")),
    ("foreign keys", include_str!("purge/foreign_keys.sql")),
    ("tables", include_str!("purge/tables.sql")),
    ("other objects", include_str!("purge/others.sql")),
];
const LARGE_OBJECTS: &str = include_str!("purge/large_objects.sql");
/// A table takes about nine locks.
const BATCH: i64 = 50;

/// Drops cascade within the schema, which nobody needs to read about.
const QUIETLY: &str = "SELECT set_config('client_min_messages', 'warning', true)";

/// Marks a dropped tenant as being purged, from where no way leads back; returns its id.
pub fn start_purge(name: &str, force: bool, id: Option<i64>) -> Result<i64> {
    let (mut tenant, age) = sql::as_registry(|s| tenants::lock_dropped(s, name, id))?;
    let next = tenant.status.after(Operation::Purge)?;
    if tenant.status != next {
        if !force {
            refuse_early(age)?;
        }
        sql::as_superuser(|s| refuse_obstacles(s, &tenant, None))?;
        sql::as_registry(|s| tenants::advance(s, &mut tenant, Operation::Purge, None))?;
    }
    Ok(tenant.id)
}

fn refuse_early(age: Duration) -> Result<()> {
    let retention = settings::period(Period::Retention);
    let Some(left) = retention.checked_sub(age).filter(|left| !left.is_zero()) else {
        return Ok(());
    };
    Err(Error::new(SqlState::ObjectNotInPrerequisiteState, "the tenant is still to be kept")
        .detail(format!(
            "It was dropped {} days ago; tenancy.retention keeps it for {} more hours.",
            age.as_secs() / 86_400,
            left.as_secs().div_ceil(3_600)
        ))
        .hint("Wait, or purge it with force => true: it cannot be brought back then."))
}

/// Removes one batch of a tenant that is being purged: what of, `None` when the tenant is gone.
pub fn purge_batch(id: i64) -> Result<Option<String>> {
    let Some(mut tenant) = sql::as_registry(|s| tenants::try_lock_by_id(s, id))? else {
        return Err(Error::new(
            SqlState::ObjectNotInPrerequisiteState,
            "the tenant is gone, or another session is purging it",
        )
        .hint("SELECT name, status FROM tenancy.dropped_tenants shows what is left to do."));
    };
    if tenant.status == tenancy_core::lifecycle::Status::Purged {
        return Ok(None);
    }
    tenant.status.after(Operation::FinishPurge)?;
    let _quiet = event_trigger::pause_all();
    if let Some(progress) = sql::as_superuser(|s| remove_some(s, &tenant))? {
        return Ok(Some(progress));
    }
    sql::as_superuser(|s| remove_schema_and_roles(s, &tenant))?;
    sql::as_registry(|s| forget(s, &mut tenant))?;
    Ok(None)
}

/// What a stage has next: catalogs and ids of objects, and the statements that remove them.
type Next = Vec<(Option<Oid>, Option<Oid>, String)>;

fn remove_some(session: &mut Session<'_, '_>, tenant: &Locked) -> Result<Option<String>> {
    session.rows(QUIETLY, &[], |_| Ok(()))?;
    let names = &tenant.names;
    if let Some(schema) = schema(session, tenant)? {
        for (what, query) in STAGES {
            let next = next(session, query, &[schema.into(), BATCH.into()])?;
            if !next.is_empty() {
                return remove(session, tenant, what, next).map(Some);
            }
        }
    }
    let roles = [names.role.as_str().into(), names.owner.as_str().into(), BATCH.into()];
    let next = next(session, LARGE_OBJECTS, &roles)?;
    if next.is_empty() {
        return Ok(None);
    }
    remove(session, tenant, "large objects", next).map(Some)
}

fn schema(session: &Session<'_, '_>, tenant: &Locked) -> Result<Option<Oid>> {
    let query = "SELECT oid FROM pg_namespace WHERE nspname = $1";
    session.first(query, &[tenant.names.schema.as_str().into()], |row| row.required::<Oid>(1))
}

fn next(
    session: &mut Session<'_, '_>,
    query: &str,
    arguments: &[DatumWithOid<'_>],
) -> Result<Next> {
    session.rows(query, arguments, |row| Ok((row.get(1)?, row.get(2)?, row.required(3)?)))
}

fn remove(
    session: &mut Session<'_, '_>,
    tenant: &Locked,
    what: &str,
    next: Next,
) -> Result<String> {
    let objects: Vec<(Oid, Oid)> = next.iter().filter_map(|(c, o, _)| c.zip(*o)).collect();
    if !objects.is_empty() {
        refuse_obstacles(session, tenant, Some(objects))?;
    }
    for (_, _, statement) in &next {
        session.execute(statement, &[])?;
    }
    Ok(format!("removed {} {what}", next.len()))
}

/// Refuses to go on with 55000 when something elsewhere would go too.
fn refuse_obstacles(
    session: &mut Session<'_, '_>,
    tenant: &Locked,
    objects: Option<Vec<(Oid, Oid)>>,
) -> Result<()> {
    let Some(schema) = schema(session, tenant)? else { return Ok(()) };
    let (catalogs, ids): (Option<Vec<Oid>>, Option<Vec<Oid>>) =
        objects.map(|objects| objects.into_iter().unzip()).unzip();
    let arguments = [schema.into(), catalogs.into(), ids.into()];
    let found = session.rows(OBSTACLES, &arguments, |row| row.required::<String>(1))?;
    if found.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        SqlState::ObjectNotInPrerequisiteState,
        "something outside of the tenant needs what it holds",
    )
    .detail(found.join("\n"))
    .hint("Drop or change that first; then call tenancy.purge() again."))
}

fn remove_schema_and_roles(session: &mut Session<'_, '_>, tenant: &Locked) -> Result<()> {
    let names = &tenant.names;
    session.rows(QUIETLY, &[], |_| Ok(()))?;
    session.execute(&format!("DROP SCHEMA IF EXISTS {}", identifier(&names.schema)), &[])?;
    remove_roles(session, names)
}

/// Takes what is left of a tenant's two roles away, and the roles.
pub fn remove_roles(session: &mut Session<'_, '_>, names: &TenantIdentifiers) -> Result<()> {
    let names = [names.role.as_str(), names.owner.as_str()];
    let query = "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = ANY ($1)";
    let there = session.rows(query, &[names.to_vec().into()], |row| row.required::<String>(1))?;
    for role in there {
        session.execute(&format!("DROP OWNED BY {role}"), &[])?;
        session.execute(&format!("DROP ROLE {role}"), &[])?;
    }
    Ok(())
}

/// Removes what the registry holds of the tenant, but for the row that says that it was. A readable
/// schema name is free again.
fn forget(session: &mut Session<'_, '_>, tenant: &mut Locked) -> Result<()> {
    forget_belongings(session, tenant.id)?;
    tenants::advance(session, tenant, Operation::FinishPurge, None)?;
    let free = "UPDATE tenancy.tenant SET schema = role WHERE id = $1";
    session.execute(free, &[tenant.id.into()]).map(drop)
}

/// Removes hostnames, grants, settings, aliases and imports of a tenant, and what was read of its schema.
pub fn forget_belongings(session: &mut Session<'_, '_>, tenant: i64) -> Result<()> {
    for table in
        ["domain", "login", "setting", "large_object_alias", "import", "shape", "schema_change"]
    {
        let statement = format!("DELETE FROM tenancy.{table} WHERE tenant_id = $1");
        session.execute(&statement, &[tenant.into()])?;
    }
    Ok(())
}
