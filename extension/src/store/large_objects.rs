//! Aliases of large objects: the ids by which a tenant calls those that it could not have under
//! them.

use crate::ffi::catalog::{self, Key};
use crate::sql;
use tenancy_core::Result;

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
