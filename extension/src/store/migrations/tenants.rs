//! Migrating one tenant in the running transaction, under its lock.

use super::{Migration, between, limit};
use crate::ffi::{event_trigger, roles, script};
use crate::settings;
use crate::sql::{self, Session};
use crate::store::tenants::{refuse_busy, unknown};
use crate::store::{changes, scripts};
use pgrx::JsonB;
use std::time::{Duration, Instant};
use tenancy_core::quote::search_path;
use tenancy_core::{Error, Result, SqlState};

/// Where a tenant stands; its row is locked.
pub struct Position {
    /// Number for life.
    pub id: i64,
    name: String,
    schema: String,
    owner: String,
    /// Its template.
    pub template: Option<String>,
    /// It has everything up to this id that concerns it.
    pub done: i64,
    /// What became of the last attempt, at which migration and after how many statements.
    pub last: Option<(String, i64, i32)>,
}

/// Finds a tenant and keeps others from migrating, renaming or dropping it until the transaction
/// ends. Sessions in it, and rows that refer to it, are not held up.
pub fn lock(session: &mut Session<'_, '_>, name: &str) -> Result<Position> {
    let locked = session.kept(
        "SELECT id, status FROM tenancy.tenant WHERE name = $1 AND dropped_at IS NULL FOR NO KEY UPDATE",
        &[name.into()],
        |row| Ok((row.required::<i64>(1)?, row.required::<String>(2)?)),
    )?;
    let (id, status) = locked.into_iter().next().ok_or_else(unknown)?;
    refuse_busy(id)?;
    if status == "registered" {
        return Err(Error::new(
            SqlState::ObjectNotInPrerequisiteState,
            "the tenant has no schema yet",
        )
        .hint("It gets its migrations when it is made."));
    }
    read(session, id)
}

/// In a statement of its own: as of now that the lock is there.
fn read(session: &mut Session<'_, '_>, id: i64) -> Result<Position> {
    let query = "SELECT t.name, t.schema, t.owner, t.template, coalesce(s.done, 0), s.state, coalesce(s.migration, 0), coalesce(s.steps, 0) \
        FROM tenancy.tenant t LEFT JOIN tenancy.tenant_migration s ON s.tenant_id = t.id WHERE t.id = $1";
    let found = session.kept(query, &[id.into()], |row| {
        let state = row.get::<String>(6)?;
        let (migration, steps) = (row.required(7)?, row.required(8)?);
        Ok(Position {
            id,
            name: row.required(1)?,
            schema: row.required(2)?,
            owner: row.required(3)?,
            template: row.get(4)?,
            done: row.required(5)?,
            last: state.map(|state| (state, migration, steps)),
        })
    })?;
    found.into_iter().next().ok_or_else(unknown)
}

/// Applies what a tenant lacks; returns how many that were.
pub fn migrate_tenant(name: &str, upto: Option<&str>) -> Result<i32> {
    let (position, lacking) = sql::as_registry(|s| {
        let upto = limit(s, upto)?;
        let position = lock(s, name)?;
        let lacking = between(s, position.template.as_deref(), (position.done, upto))?;
        Ok((position, lacking))
    })?;
    for migration in &lacking {
        if !migration.in_transaction {
            return Err(outside(migration));
        }
        let start = Instant::now();
        position.run(migration, &script::parse(&migration.script)?)?;
        sql::as_registry(|s| position.applied(s, migration, Some(start.elapsed())))?;
    }
    i32::try_from(lacking.len()).map_err(|_| sql::broken("too many migrations"))
}

impl Position {
    /// Runs statements in the tenant, as its owner.
    pub fn run(&self, migration: &Migration, statements: &[script::Statement]) -> Result<()> {
        let owner =
            roles::find(&self.owner).ok_or_else(|| sql::broken("the owner role is gone"))?;
        let path = search_path(&self.schema, &settings::shared_schemas());
        let source = format!("{} in tenant {:?}", migration.source(), self.name);
        // What each statement has touched would be looked up again and again, and is known.
        let paused = event_trigger::pause_all();
        scripts::replay(owner, &path, &source, statements)?;
        drop(paused);
        sql::as_registry(|s| changes::migrated(s, &self.schema, self.id))
    }

    /// The schema's name.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Notes that a migration was applied.
    pub fn applied(
        &self,
        session: &mut Session<'_, '_>,
        migration: &Migration,
        took: Option<Duration>,
    ) -> Result<()> {
        note_done(session, self.id, migration.id, took)?;
        super::audit::note(session, "migrate", Some(self.id), Some(&migration.name), &[])
    }
}

/// A migration that the caller's transaction is no place for.
fn outside(migration: &Migration) -> Error {
    Error::new(
        SqlState::FeatureNotSupported,
        format!("migration {:?} cannot run in a transaction", migration.name),
    )
    .hint("The command \"tenancy migrate apply\" runs it outside of one, tenant by tenant.")
}

/// Moves a tenant's position.
pub fn note_done(
    session: &mut Session<'_, '_>,
    tenant: i64,
    migration: i64,
    took: Option<Duration>,
) -> Result<()> {
    session.kept(
        "INSERT INTO tenancy.tenant_migration (tenant_id, done, state, migration, duration) \
         VALUES ($1, $2, 'done', nullif($2, 0), make_interval(secs => $3)) ON CONFLICT (tenant_id) DO UPDATE SET \
         (done, state, migration, steps, sqlstate, message, detail, at, duration) = \
         ROW (excluded.done, excluded.state, excluded.migration, 0, NULL, NULL, NULL, excluded.at, excluded.duration)",
        &[tenant.into(), migration.into(), took.map(|t| t.as_secs_f64()).into()],
        |_| Ok(()),
    )?;
    Ok(())
}

/// Notes why the next migration of a tenant failed.
pub fn migration_failed(
    name: &str,
    sqlstate: &str,
    message: &str,
    detail: Option<&str>,
) -> Result<()> {
    sql::as_registry(|s| {
        let position = lock(s, name)?;
        let range = (position.done, i64::MAX);
        let lacking = between(s, position.template.as_deref(), range)?;
        let Some(next) = lacking.first() else { return Ok(()) };
        s.execute(
            "INSERT INTO tenancy.tenant_migration (tenant_id, state, migration, sqlstate, message, detail) \
             VALUES ($1, 'failed', $2, $3, $4, $5) ON CONFLICT (tenant_id) DO UPDATE SET \
             (state, migration, steps, sqlstate, message, detail, at, duration) = ROW (excluded.state, excluded.migration, \
             CASE WHEN tenant_migration.migration = excluded.migration THEN tenant_migration.steps ELSE 0 END, \
             excluded.sqlstate, excluded.message, excluded.detail, excluded.at, NULL)",
            &[position.id.into(), next.id.into(), sqlstate.into(), message.into(), detail.into()],
        )?;
        let detail = [("sqlstate", sqlstate), ("message", message)];
        super::audit::note(s, "migration_failed", Some(position.id), Some(&next.name), &detail)
    })
}

/// A copy of a tenant has what the tenant has.
pub fn inherit(session: &mut Session<'_, '_>, from: i64, to: i64) -> Result<()> {
    session.execute(
        "INSERT INTO tenancy.tenant_migration (tenant_id, done, state) \
         SELECT $2, done, 'done' FROM tenancy.tenant_migration WHERE tenant_id = $1 AND done > 0",
        &[from.into(), to.into()],
    )?;
    Ok(())
}

/// A tenant from elsewhere has what is registered here under the same name with the same text, up to
/// the first that it lacks.
pub fn recognise(
    session: &mut Session<'_, '_>,
    tenant: i64,
    migrations: Option<JsonB>,
) -> Result<()> {
    session.execute(
        "INSERT INTO tenancy.tenant_migration (tenant_id, done, state) \
         SELECT $1, max(id), 'done' FROM ( \
           SELECT m.id, bool_and(coalesce($2 ->> m.name = m.checksum, false)) OVER (ORDER BY m.id) AS has \
           FROM tenancy.tenant t JOIN tenancy.migration m ON m.template IS NULL OR m.template = t.template WHERE t.id = $1) AS m \
         WHERE has HAVING count(*) > 0",
        &[tenant.into(), migrations.into()],
    )?;
    Ok(())
}
