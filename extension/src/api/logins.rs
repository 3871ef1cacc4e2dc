//! `grant_login`, `revoke_login`, `login_access`.

use super::arguments::required;
use crate::ffi::report::or_raise;
use crate::store;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

/// `tenancy.grant_login(login, tenant, sealed)`.
#[pg_extern]
fn grant_login(login: Option<&str>, tenant: Option<&str>, sealed: Option<bool>) {
    let call = || {
        let sealed = required(sealed, "sealed")?;
        store::grant_login(required(login, "login")?, required(tenant, "tenant")?, sealed)
    };
    or_raise(call());
}

/// `tenancy.revoke_login(login, tenant)`.
#[pg_extern]
fn revoke_login(login: Option<&str>, tenant: Option<&str>) {
    let call = || store::revoke_login(required(login, "login")?, required(tenant, "tenant")?);
    or_raise(call());
}

/// `tenancy.login_access(login, tenant_id)`: one row.
#[pg_extern]
fn login_access(
    login: Option<&str>,
    tenant_id: Option<i64>,
) -> TableIterator<'static, (name!(verifier, Option<String>), name!(granted, bool))> {
    let call = || store::login_access(required(login, "login")?, required(tenant_id, "tenant_id")?);
    TableIterator::once(or_raise(call()))
}
