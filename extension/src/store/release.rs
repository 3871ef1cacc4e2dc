//! The way out: a tenant becomes an ordinary schema of an ordinary role, and tenancy forgets it.

use super::lifecycle::quiesce;
use super::tenants::{self, Locked};
use super::{audit, purge};
use crate::ffi::{Oid, event_trigger, roles};
use crate::sql;
use std::time::Duration;
use tenancy_core::lifecycle::Operation;
use tenancy_core::quote::identifier;
use tenancy_core::{Error, Result, SqlState};

/// What stays the superuser's and only the tenant's roles could call.
const CALLS: &str = "
SELECT format('GRANT EXECUTE ON ROUTINE %s TO %I', d.objid::regprocedure, $2)
FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = (SELECT oid FROM pg_namespace WHERE nspname = $1)
  AND d.classid = 'pg_proc'::regclass AND p.proowner <> (SELECT oid FROM pg_roles WHERE rolname = $3)
  AND has_function_privilege($3, p.oid, 'EXECUTE')";

/// Ends what the tenant runs, gives its schema and all that it owns to a role, and removes its own
/// roles and what the registry holds of it.
pub fn release(name: &str, owner: &str, grace: Duration) -> Result<()> {
    require_fit(owner)?;
    let tenant = sql::as_registry(|s| {
        let tenant = tenants::lock(s, name)?;
        tenant.status.after(Operation::Release)?;
        Ok(tenant)
    })?;
    quiesce(tenant.id, grace)?;
    hand_over(&tenant, owner)?;
    sql::as_registry(|s| {
        let schema = tenant.names.schema.as_str();
        let detail = [("name", name), ("owner", owner)];
        audit::note(s, "release", Some(tenant.id), Some(schema), &detail)?;
        purge::forget_belongings(s, tenant.id)?;
        s.execute("DELETE FROM tenancy.tenant WHERE id = $1", &[tenant.id.into()]).map(drop)
    })
}

/// As ALTER ... OWNER TO asks: the tenant's functions and triggers run as the new owner, so it must
/// be a role that the caller could act as anyway. A role of tenancy is no ordinary one.
fn require_fit(owner: &str) -> Result<()> {
    let Some(role) = roles::find(owner) else {
        return Err(Error::new(
            SqlState::UndefinedObject,
            format!("role {owner:?} does not exist"),
        )
        .hint(
            "CREATE ROLE first: the login of the application, or a role that it is a member of.",
        ));
    };
    let query = "SELECT pg_has_role($1, $2, 'MEMBER'), \
        (SELECT rolname ~ '^(tenancy|pg)_' FROM pg_roles WHERE oid = $2) OR EXISTS \
        (SELECT FROM tenancy.tenant WHERE role = $3 OR owner = $3)";
    let arguments: [_; 3] = [roles::effective_role().into(), Oid::into(role), owner.into()];
    let found = sql::as_superuser(|s| {
        s.first(query, &arguments, |row| Ok((row.required::<bool>(1)?, row.required::<bool>(2)?)))
    })?;
    match found {
        Some((_, true)) => Err(Error::new(
            SqlState::InvalidParameterValue,
            format!("role {owner:?} is one of tenancy's or PostgreSQL's"),
        )
        .hint("Give the schema to a role of your own.")),
        Some((true, false)) => Ok(()),
        _ => Err(Error::new(
            SqlState::InsufficientPrivilege,
            format!("must be member of role {owner:?}"),
        )
        .detail("Functions and triggers of the tenant will run with its rights.")
        .hint("Become a member of it, or let a superuser release the tenant.")),
    }
}

fn hand_over(tenant: &Locked, new_owner: &str) -> Result<()> {
    let names = &tenant.names;
    let _quiet = event_trigger::pause();
    let arguments = [names.schema.as_str().into(), new_owner.into(), names.owner.as_str().into()];
    sql::as_superuser(|s| {
        for statement in s.rows(CALLS, &arguments, |row| row.required::<String>(1))? {
            s.execute(&statement, &[])?;
        }
        s.execute(
            &format!(
                "REASSIGN OWNED BY {}, {} TO {}",
                identifier(&names.role),
                identifier(&names.owner),
                identifier(new_owner)
            ),
            &[],
        )?;
        purge::remove_roles(s, names)
    })
}
