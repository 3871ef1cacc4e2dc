//! Which login may enter which tenant, and what a sidecar needs to check a password.

use super::{audit, tenants};
use crate::sql::{self, Session};
use tenancy_core::{Error, Result, SqlState};

/// Stands for every tenant.
const EVERY: &str = "*";

/// Memberships of role `a`, direct or not, that make it more than an ordinary login. Walked upwards
/// from the login: the number of roles on the server does not matter.
const MEMBERSHIPS: &str = "WITH RECURSIVE above (role) AS ( \
    SELECT m.roleid FROM pg_auth_members m WHERE m.member = a.oid \
    UNION SELECT m.roleid FROM above JOIN pg_auth_members m ON m.member = above.role) \
  SELECT FROM above JOIN pg_roles p ON p.oid = above.role \
  WHERE (p.rolname ^@ 'tenancy_' OR p.rolname ^@ 'pg_' OR p.rolsuper)";

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
            &format!(
                "SELECT rolsuper OR rolcreaterole OR rolreplication OR rolbypassrls \
                 OR EXISTS ({MEMBERSHIPS} AND p.rolname <> 'tenancy_migrator') \
                 FROM pg_roles a WHERE rolname = $1"
            ),
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
        .detail("It is a superuser, may create roles, replicate or bypass row security, or is a member of a role of tenancy or PostgreSQL.")
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
            &format!(
                "SELECT rolpassword FROM pg_authid a WHERE rolname = $1 AND rolcanlogin \
             AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls) \
             AND (rolvaliduntil IS NULL OR rolvaliduntil > clock_timestamp()) \
             AND rolpassword LIKE 'SCRAM-SHA-256$%' \
             AND NOT EXISTS ({MEMBERSHIPS})"
            ),
            &[login.into()],
            |row| row.get::<String>(1),
        )
    })?;
    let granted = super::lookup::login_grant(login, tenant)?.is_some();
    Ok((verifier.flatten(), granted))
}
