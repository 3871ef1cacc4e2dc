//! Large objects of tenants, and aliases: the ids by which a tenant calls those that it could not
//! have under them.

use super::tenants::Locked;
use crate::ffi::catalog::{self, Key};
use crate::ffi::{Oid, roles};
use crate::sql::{self, Session};
use tenancy_core::Result;
use tenancy_core::schema_name::TenantIdentifiers;

/// The large objects of two roles: the id that the tenant knows, and the real one.
const LARGE_OBJECTS: &str = "
SELECT coalesce(a.id, d.objid::bigint), d.objid
FROM pg_shdepend d LEFT JOIN tenancy.large_object_alias a ON a.tenant_id = $1 AND a.real_id = d.objid::bigint
WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid IN (SELECT oid FROM pg_roles WHERE rolname IN ($2, $3))
  AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND d.classid = 'pg_largeobject'::regclass AND d.deptype = 'o'
ORDER BY 1";

/// The pages of $2 into $1.
const COPY_PAGES: &str = "
SELECT count(pg_catalog.lo_put($1, pageno::bigint * 2048, data)) FROM pg_largeobject WHERE loid = $2";

/// The real id behind a tenant's alias.
pub fn large_object_alias(tenant: i64, id: u32) -> Result<Option<u32>> {
    let key = Key::Int(id.into());
    let real = catalog::find(
        c"large_object_alias",
        c"large_object_alias_pkey",
        c"id",
        key,
        |row| match row.int(c"tenant_id") {
            Some(owner) if owner == tenant => row.int(c"real_id"),
            _ => None,
        },
    )?;
    Ok(real.and_then(|real| u32::try_from(real).ok()))
}

/// Remembers an alias, with the transaction that made the object.
pub fn remember_large_object(tenant: i64, id: u32, real: u32) -> Result<()> {
    sql::as_registry(|session| {
        session.execute(
            "INSERT INTO tenancy.large_object_alias (tenant_id, id, real_id) VALUES ($1, $2, $3)",
            &[tenant.into(), i64::from(id).into(), i64::from(real).into()],
        )
    })?;
    Ok(())
}

/// Forgets an alias, with the transaction that removed the object.
pub fn forget_large_object(tenant: i64, id: u32) -> Result<()> {
    sql::as_registry(|session| {
        session.execute(
            "DELETE FROM tenancy.large_object_alias WHERE tenant_id = $1 AND id = $2",
            &[tenant.into(), i64::from(id).into()],
        )
    })?;
    Ok(())
}

/// The large objects of a tenant: the id that it knows, and the real one.
pub fn ids(
    session: &Session<'_, '_>,
    tenant: i64,
    names: &TenantIdentifiers,
) -> Result<Vec<(i64, Oid)>> {
    let arguments = [tenant.into(), names.role.as_str().into(), names.owner.as_str().into()];
    session.rows(LARGE_OBJECTS, &arguments, |row| {
        Ok((row.required::<i64>(1)?, row.required::<Oid>(2)?))
    })
}

/// Copies a tenant's large objects to another one, whose own they become under the same ids.
pub fn copy_large_objects(source: &Locked, copy: &Locked) -> Result<()> {
    let owner =
        roles::find(&copy.names.role).ok_or_else(|| sql::broken("a tenant's role is gone"))?;
    for (id, real) in sql::as_superuser(|session| ids(session, source.id, &source.names))? {
        let create = "SELECT pg_catalog.lo_create(0)";
        let made = sql::as_restricted(owner, sql::OWN_PATH, |session| {
            session.returning(create, &[], |row| row.required::<Oid>(1))
        })?;
        let made = made.ok_or_else(|| sql::broken("a query without a row"))?;
        let id = u32::try_from(id).map_err(|_| sql::broken("a large object has an odd id"))?;
        remember_large_object(copy.id, id, made.to_u32())?;
        sql::as_superuser(|session| {
            session.all(COPY_PAGES, &[made.into(), real.into()], |_| Ok(())).map(drop)
        })?;
    }
    Ok(())
}
