//! Commands that another process runs in a tenant: the tenant is kept for the session that watches
//! over the command, and what has succeeded is noted under a name, tenant by tenant.

use super::audit;
use super::migrations::refuse_odd_name;
use super::tenants::{is_kept, keep, let_go, lock};
use crate::sql::{self, Session};
use tenancy_core::{Error, Result, SqlState};

/// Keeps a tenant for a command; false, and nothing is kept, where it has succeeded already.
pub fn command_begin(tenant: &str, name: Option<&str>) -> Result<bool> {
    name.map_or(Ok(()), |name| refuse_odd_name("command", name))?;
    sql::as_registry(|s| {
        let tenant = lock(s, tenant)?;
        if is_done(s, tenant.id, name)? {
            return Ok(false);
        }
        keep(tenant.id).map(|()| true)
    })
}

/// Lets go of the tenant, and notes what has succeeded.
pub fn command_end(tenant: &str, succeeded: bool, name: Option<&str>) -> Result<()> {
    name.map_or(Ok(()), |name| refuse_odd_name("command", name))?;
    sql::as_registry(|s| {
        // Its row stays locked until the transaction ends: who comes next sees what is noted here.
        let tenant = lock(s, tenant)?;
        if !is_kept(tenant.id) {
            return Err(not_begun());
        }
        if let (true, Some(name)) = (succeeded, name) {
            note(s, tenant.id, name)?;
        }
        let_go();
        let action = if succeeded { "command" } else { "command_failed" };
        audit::note(s, action, Some(tenant.id), name, &[])
    })
}

fn is_done(session: &mut Session<'_, '_>, tenant: i64, name: Option<&str>) -> Result<bool> {
    let query = "SELECT true FROM tenancy.tenant_command WHERE name = $1 AND tenant_id = $2";
    let found = session.returning(query, &[name.into(), tenant.into()], |row| row.required(1))?;
    Ok(found.unwrap_or(false))
}

fn note(session: &mut Session<'_, '_>, tenant: i64, name: &str) -> Result<()> {
    let insert = "INSERT INTO tenancy.tenant_command (name, tenant_id) VALUES ($1, $2) \
        ON CONFLICT (name, tenant_id) DO UPDATE SET done_at = excluded.done_at";
    session.execute(insert, &[name.into(), tenant.into()])?;
    Ok(())
}

fn not_begun() -> Error {
    Error::new(
        SqlState::ObjectNotInPrerequisiteState,
        "the tenant is not kept for a command of this session",
    )
    .hint("Call tenancy.command_begin(tenant) first, in the same session.")
}

/// A copy of a tenant has what the tenant has.
pub fn inherit(session: &mut Session<'_, '_>, from: i64, to: i64) -> Result<()> {
    session.execute(
        "INSERT INTO tenancy.tenant_command (name, tenant_id, done_at) \
         SELECT name, $2, done_at FROM tenancy.tenant_command WHERE tenant_id = $1",
        &[from.into(), to.into()],
    )?;
    Ok(())
}
