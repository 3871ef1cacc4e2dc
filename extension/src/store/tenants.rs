//! Rows of the tenant table: finding one to change, inserting one, moving one to its next state.

use super::former_names;
use crate::ffi::advisory::{self, Key, Mode};
use crate::ffi::{backend, random, report};
use crate::sql::{Row, Session, broken};
use std::cell::Cell;
use std::time::Duration;
use tenancy_core::lifecycle::{Operation, Status, Suspension};
use tenancy_core::name::TenantName;
use tenancy_core::schema_name::{SchemaName, TenantIdentifiers};
use tenancy_core::{Error, Result, SqlState};

/// A tenant, whose row this transaction has locked when it is to change.
#[derive(Clone, Debug)]
pub struct Locked {
    /// Number for life.
    pub id: i64,
    /// Where it stands.
    pub status: Status,
    /// Schema and roles.
    pub names: TenantIdentifiers,
}

fn locked(row: Row<'_>) -> Result<Locked> {
    let status: String = row.required(2)?;
    Ok(Locked {
        id: row.required(1)?,
        status: Status::parse(&status).ok_or_else(|| broken("a tenant has an unknown status"))?,
        names: TenantIdentifiers {
            schema: row.required(3)?,
            role: row.required(4)?,
            owner: row.required(5)?,
        },
    })
}

/// The lock of a tenant that is being migrated outside of a transaction. PostgreSQL's own advisory
/// locks have forms 1 and 2.
fn migration_lock(tenant: i64) -> Key {
    let [high, low] = [tenant >> 32, tenant].map(|half| (half & 0xffff_ffff) as u32);
    Key { space: backend::database(), high, low, form: 9 }
}

thread_local! {
    /// The tenant that this session keeps.
    static KEPT: Cell<Option<i64>> = const { Cell::new(None) };
}

/// Keeps a tenant for this session, and no other any more; 55000 when another session has it.
pub fn keep(tenant: i64) -> Result<()> {
    if KEPT.get() == Some(tenant) {
        return Ok(());
    }
    let_go();
    if !advisory::acquire(migration_lock(tenant), Mode::Exclusive, true, false) {
        return Err(busy());
    }
    KEPT.set(Some(tenant));
    Ok(())
}

/// Whether this session keeps the tenant.
pub fn is_kept(tenant: i64) -> bool {
    KEPT.get() == Some(tenant)
}

/// Ends that, if it was so.
pub fn let_go() {
    if let Some(tenant) = KEPT.take() {
        advisory::release(migration_lock(tenant), Mode::Exclusive);
    }
}

/// Refuses with 55000 while another session migrates the tenant outside of a transaction, and keeps
/// it from beginning until this transaction ends.
pub fn refuse_busy(tenant: i64) -> Result<()> {
    if advisory::acquire(migration_lock(tenant), Mode::Shared, false, false) {
        return Ok(());
    }
    Err(busy())
}

fn busy() -> Error {
    Error::new(SqlState::ObjectNotInPrerequisiteState, "the tenant is being migrated")
        .detail("A migration of it runs outside of a transaction, in another session.")
        .hint("Try again when it has ended: SELECT * FROM tenancy.tenant_migrations shows it.")
}

/// Finds a tenant by name and locks its row; 3D000 when there is none, 55000 while it is migrated.
pub fn lock(session: &mut Session<'_, '_>, name: &str) -> Result<Locked> {
    let found = session.returning(
        "SELECT id, status, schema, role, owner FROM tenancy.tenant \
         WHERE name = $1 AND dropped_at IS NULL FOR UPDATE",
        &[name.into()],
        locked,
    )?;
    let tenant = found.ok_or_else(unknown)?;
    refuse_busy(tenant.id)?;
    Ok(tenant)
}

/// Finds a tenant by name, to look at it; 3D000 when there is none.
pub fn find(session: &mut Session<'_, '_>, name: &str) -> Result<Locked> {
    let found = session.first(
        "SELECT id, status, schema, role, owner FROM tenancy.tenant \
         WHERE name = $1 AND dropped_at IS NULL",
        &[name.into()],
        locked,
    )?;
    found.ok_or_else(unknown)
}

/// Finds the tenant that a hostname leads to and locks its row, before anybody locks the row of
/// the hostname: always in this order, so that no two functions wait for each other.
pub fn lock_by_hostname(session: &mut Session<'_, '_>, hostname: &str) -> Result<Option<i64>> {
    session.returning(
        "SELECT id FROM tenancy.tenant WHERE id = (SELECT tenant_id FROM tenancy.domain \
         WHERE hostname = $1 AND active) FOR UPDATE",
        &[hostname.into()],
        |row| row.required(1),
    )
}

/// Finds a dropped tenant and locks its row, by id when several had the name; 3D000 when there is
/// none.
pub fn lock_dropped(
    session: &mut Session<'_, '_>,
    name: &str,
    id: Option<i64>,
) -> Result<(Locked, Duration)> {
    let query = "SELECT id FROM tenancy.tenant WHERE name = $1 AND dropped_at IS NOT NULL \
        AND status <> 'purged' AND id = coalesce($2, id) ORDER BY dropped_at";
    let ids = session.rows(query, &[name.into(), id.into()], |row| row.required::<i64>(1))?;
    let [id] = ids[..] else { return Err(none_or_several(&ids)) };
    let found = session.returning(
        "SELECT id, status, schema, role, owner, extract(epoch FROM now() - dropped_at)::bigint FROM tenancy.tenant \
         WHERE id = $1 AND dropped_at IS NOT NULL AND status <> 'purged' FOR UPDATE",
        &[id.into()],
        |row| {
            let age = u64::try_from(row.required::<i64>(6)?).unwrap_or(0);
            Ok((locked(row)?, Duration::from_secs(age)))
        },
    )?;
    found.ok_or_else(|| none_or_several(&[]))
}

fn none_or_several(ids: &[i64]) -> Error {
    let view = "SELECT id, name, dropped_at FROM tenancy.dropped_tenants lists them.";
    if ids.is_empty() {
        return Error::new(SqlState::UndefinedTenant, "unknown tenant")
            .detail("There is no dropped tenant of that name.")
            .hint(view);
    }
    let ids: Vec<_> = ids.iter().map(i64::to_string).collect();
    Error::new(SqlState::InvalidParameterValue, "several dropped tenants have had that name")
        .detail(format!("Their ids, the one that was dropped first in front: {}.", ids.join(", ")))
        .hint(format!("Say which one: id => ... {view}"))
}

/// Locks the row of a tenant by its id, in whatever state; `None` when there is none, or another
/// session has locked it.
pub fn try_lock_by_id(session: &mut Session<'_, '_>, id: i64) -> Result<Option<Locked>> {
    session.returning(
        "SELECT id, status, schema, role, owner FROM tenancy.tenant WHERE id = $1 FOR UPDATE SKIP LOCKED",
        &[id.into()],
        locked,
    )
}

/// The refusal of a name that the registry does not know, to an administrator.
pub fn unknown() -> Error {
    Error::new(SqlState::UndefinedTenant, "unknown tenant")
        .detail("There is no tenant of that name.")
        .hint("SELECT name, status FROM tenancy.tenants lists the tenants.")
}

/// Inserts a tenant in its first state; 42710 when the name or the schema is taken.
pub fn insert(
    session: &mut Session<'_, '_>,
    name: &TenantName,
    names: &TenantIdentifiers,
    template: Option<&str>,
    plan: Option<&str>,
) -> Result<Locked> {
    let inserted = session.returning(
        "INSERT INTO tenancy.tenant (name, schema, role, owner, template, plan) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT DO NOTHING RETURNING id, status, schema, role, owner",
        &[
            name.as_str().into(),
            names.schema.as_str().into(),
            names.role.as_str().into(),
            names.owner.as_str().into(),
            template.into(),
            plan.into(),
        ],
        locked,
    )?;
    let inserted = inserted.ok_or_else(|| taken(exists(name, names)))?;
    former_names::refuse_quarantined(session, name.as_str(), inserted.id)?;
    Ok(inserted)
}

fn exists(name: &TenantName, names: &TenantIdentifiers) -> String {
    let (name, schema) = (name.as_str(), &names.schema);
    if *schema != names.role {
        format!("tenant {name:?} or schema {schema:?} exists")
    } else {
        is_there(name)
    }
}

/// New names; 42710 when a schema of that name is there.
pub fn new_names(
    session: &Session<'_, '_>,
    name: &TenantName,
    schema: Option<SchemaName>,
) -> Result<TenantIdentifiers> {
    let names = TenantIdentifiers::new(&random::bytes()?, schema);
    let there = "SELECT to_regnamespace(quote_ident($1)) IS NOT NULL";
    if session.first(there, &[names.schema.as_str().into()], |row| row.required(1))? == Some(true) {
        return Err(taken(exists(name, &names)));
    }
    Ok(names)
}

/// Refuses a name that another tenant, a role or a database has.
pub fn refuse_taken(session: &mut Session<'_, '_>, name: &str) -> Result<()> {
    let by = session.first(
        "SELECT CASE WHEN EXISTS (SELECT FROM tenancy.tenant WHERE name = $1 AND dropped_at IS NULL) THEN 'tenant' \
                     WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = $1) THEN 'role' \
                     WHEN EXISTS (SELECT FROM pg_database WHERE datname = $1) THEN 'database' END",
        &[name.into()],
        |row| row.get::<String>(1),
    )?;
    match by.flatten().as_deref() {
        None => Ok(()),
        Some("tenant") => Err(taken(is_there(name))),
        Some(kind) => Err(Error::new(
            SqlState::InvalidParameterValue,
            format!("invalid tenant name {name:?}"),
        )
        .detail(format!("A {kind} of this server has that name."))
        .hint("Choose another name; a prefix such as \"customer-\" is enough.")),
    }
}

fn is_there(name: &str) -> String {
    format!("tenant {name:?} exists")
}

/// Does what gives a tenant a name; 42710 when a session that was not done yet when the name was
/// looked for has taken it.
pub fn unless_taken<T>(name: &str, work: impl FnOnce() -> T) -> T {
    report::unless_duplicate(work, || taken(is_there(name)))
}

/// A 42710.
pub fn taken(message: String) -> Error {
    Error::new(SqlState::DuplicateObject, message).hint("Choose another name.")
}

/// Moves a tenant to the state after `operation`; 55000 when its state does not take it.
pub fn advance(
    session: &mut Session<'_, '_>,
    tenant: &mut Locked,
    operation: Operation,
    suspension: Option<(Suspension, Option<&str>)>,
) -> Result<()> {
    let next = tenant.status.after(operation)?;
    let (mode, reason) = suspension.unzip();
    session.execute(
        "UPDATE tenancy.tenant SET status = $2, suspension = $3, reason = $4, dropped_at = \
         CASE WHEN $2 = 'dropped' THEN now() WHEN $2 IN ('purging', 'purged') THEN dropped_at END WHERE id = $1",
        &[
            tenant.id.into(),
            next.as_str().into(),
            mode.map(Suspension::as_str).into(),
            reason.flatten().into(),
        ],
    )?;
    super::audit::note(
        session,
        &operation.to_string(),
        Some(tenant.id),
        None,
        &[("from", tenant.status.as_str()), ("to", next.as_str())],
    )?;
    tenant.status = next;
    Ok(())
}
