//! Tenants and grants, read by index scans with a fresh snapshot: what a session needs to enter,
//! in any context and on standbys.

use crate::ffi::Oid;
use crate::ffi::catalog::{self, Key, Row};
use crate::ffi::{own_objects, roles};
use crate::settings;
use crate::sql::broken;
use std::cell::Cell;
use tenancy_core::Result;
use tenancy_core::lifecycle::{Status, Suspension};
use tenancy_core::quote::search_path;

/// What a session knows of a tenant.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Number for life.
    pub id: i64,
    /// Name of the day.
    pub name: String,
    /// Name of its schema.
    pub schema_name: String,
    /// Names of the tenant role and the owner role.
    pub role_names: [String; 2],
    /// Search path: the schema and the shared ones.
    pub path: String,
    /// Its schema.
    pub schema: Oid,
    /// Tenant role.
    pub role: Oid,
    /// Owner role.
    pub owner: Oid,
    /// Where it stands.
    pub status: Status,
    /// What it may do while suspended.
    pub suspension: Option<Suspension>,
    /// Raised by every change that concerns it.
    pub generation: i64,
}

/// A tenant that is not dropped, by name.
pub fn tenant_by_name(name: &str) -> Result<Option<Tenant>> {
    find(c"tenant_live_name", c"name", Key::Text(name))
}

/// A tenant that is not dropped, by id.
pub fn tenant_by_id(id: i64) -> Result<Option<Tenant>> {
    find(c"tenant_pkey", c"id", Key::Int(id))
}

/// The id of the tenant, in whatever state, whose schema it is.
pub fn tenant_of_schema(schema: &str) -> Result<Option<i64>> {
    let key = Key::Text(schema);
    catalog::find(c"tenant", c"tenant_schema_key", c"schema", key, |row| row.int(c"id"))
}

fn find(index: &std::ffi::CStr, column: &std::ffi::CStr, key: Key<'_>) -> Result<Option<Tenant>> {
    let common = common_generation()?;
    let found = catalog::find(c"tenant", index, column, key, |row| {
        let status = row.text(c"status")?;
        let hidden = Status::parse(&status).is_some_and(Status::is_hidden);
        (!hidden).then(|| read(row, &status, common))
    })?;
    found.transpose()
}

fn read(row: &Row<'_>, status: &str, common: i64) -> Result<Tenant> {
    let text = |column| row.text(column).ok_or_else(|| broken("a tenant lacks a name"));
    let role =
        |column| roles::find(&text(column)?).ok_or_else(|| broken("a role of the tenant is gone"));
    let number = |column| row.int(column).ok_or_else(|| broken("a tenant lacks a number"));
    Ok(Tenant {
        id: number(c"id")?,
        name: text(c"name")?,
        schema_name: text(c"schema")?,
        role_names: [text(c"role")?, text(c"owner")?],
        path: search_path(&text(c"schema")?, &settings::shared_schemas()),
        schema: own_objects::schema(&text(c"schema")?),
        role: role(c"role")?,
        owner: role(c"owner")?,
        status: Status::parse(status).ok_or_else(|| broken("a tenant has an unknown status"))?,
        suspension: row.text(c"suspension").map(|s| Suspension::parse(&s)).transpose()?,
        generation: number(c"generation")?.max(common),
    })
}

/// Generation of what concerns every tenant.
fn common_generation() -> Result<i64> {
    let found = catalog::find(c"registry", c"registry_pkey", c"id", Key::Int(1), |row| {
        row.int(c"generation")
    })?;
    Ok(found.unwrap_or(0))
}

/// Whether the login's contexts in the tenant must be sealed; `None` when it has no grant. A grant
/// for the tenant itself goes before one for all.
pub fn login_grant(login: &str, tenant: i64) -> Result<Option<bool>> {
    let (own, common) = (Cell::new(None), Cell::new(None));
    catalog::find(c"login", c"login_login", c"login", Key::Text(login), |row| {
        match row.int(c"tenant_id") {
            Some(id) if id == tenant => own.set(row.boolean(c"sealed")),
            Some(_) => {}
            None => common.set(row.boolean(c"sealed")),
        }
        None::<()>
    })?;
    Ok(own.get().or(common.get()))
}
