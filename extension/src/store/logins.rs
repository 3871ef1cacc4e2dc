//! Which login may enter which tenant, and what a sidecar needs to check a password.

use super::sql::{self, Session};
use super::{audit, tenants};
use tenancy_core::{Error, Result, SqlState};

/// Stands for every tenant.
const EVERY: &str = "*";

fn scope(session: &mut Session<'_, '_>, tenant: &str) -> Result<Option<i64>> {
    if tenant == EVERY {
        return Ok(None);
    }
    tenants::lock(session, tenant).map(|t| Some(t.id))
}

/// Lets a login enter a tenant, or every tenant.
pub fn grant_login(login: &str, tenant: &str, sealed: bool) -> Result<()> {
    refuse_unfit(login)?;
    sql::as_registry(|s| {
        let id = scope(s, tenant)?;
        s.execute(
            "INSERT INTO tenancy.login (login, tenant_id, sealed) VALUES ($1, $2, $3) \
             ON CONFLICT (login, coalesce(tenant_id, 0)) DO UPDATE SET sealed = excluded.sealed",
            &[login.into(), id.into(), sealed.into()],
        )?;
        let sealed = if sealed { "true" } else { "false" };
        audit::note(s, "grant_login", id, Some(login), &[("sealed", sealed)])
    })
}

/// A login that is more than a login could undo what the context promises.
fn refuse_unfit(login: &str) -> Result<()> {
    let privileged = sql::as_registry(|s| {
        s.first(
            "SELECT rolsuper OR rolcreaterole OR rolreplication OR rolbypassrls FROM pg_roles WHERE rolname = $1",
            &[login.into()],
            |row| row.required::<bool>(1),
        )
    })?;
    match privileged {
        Some(false) => Ok(()),
        Some(true) => Err(Error::new(
            SqlState::InsufficientPrivilege,
            format!("role {login:?} is too powerful for a tenant's login"),
        )
        .detail("It is a superuser, or may create roles, replicate or bypass row security.")
        .hint("Use an ordinary login without privileges of its own.")),
        None => {
            Err(Error::new(SqlState::UndefinedObject, format!("role {login:?} does not exist"))
                .hint("CREATE ROLE ... LOGIN first."))
        }
    }
}

/// Takes a grant back.
pub fn revoke_login(login: &str, tenant: &str) -> Result<()> {
    sql::as_registry(|s| {
        let id = scope(s, tenant)?;
        let gone = s.execute(
            "DELETE FROM tenancy.login WHERE login = $1 AND tenant_id IS NOT DISTINCT FROM $2 RETURNING 1",
            &[login.into(), id.into()],
        )?;
        if gone == 0 {
            return Err(Error::new(SqlState::UndefinedObject, "no such grant")
                .detail("The login has no grant for exactly that tenant.")
                .hint("SELECT login, tenant_id FROM tenancy.login lists the grants."));
        }
        audit::note(s, "revoke_login", id, Some(login), &[])
    })
}

/// The verifier of a login that may use its password through a sidecar (`None` otherwise), and
/// whether it may enter the tenant. The catalog with passwords is the superuser's.
pub fn login_access(login: &str, tenant: i64) -> Result<(Option<String>, bool)> {
    let verifier = sql::as_superuser(|s| {
        s.first(
            "SELECT rolpassword FROM pg_authid a WHERE rolname = $1 AND rolcanlogin \
             AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls) \
             AND (rolvaliduntil IS NULL OR rolvaliduntil > clock_timestamp()) \
             AND rolpassword LIKE 'SCRAM-SHA-256$%' \
             AND NOT EXISTS (SELECT FROM pg_roles p WHERE p.oid <> a.oid \
                 AND (p.rolname ^@ 'tenancy_' OR p.rolname ^@ 'pg_' OR p.rolsuper) \
                 AND pg_has_role(a.oid, p.oid, 'MEMBER'))",
            &[login.into()],
            |row| row.get::<String>(1),
        )
    })?;
    let granted = super::lookup::login_grant(login, tenant)?.is_some();
    Ok((verifier.flatten(), granted))
}
