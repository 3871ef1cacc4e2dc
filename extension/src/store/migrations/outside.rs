//! Migrations that cannot run in a transaction: given out statement by statement to a client that
//! runs them in the tenant by another session. The tenant is kept by a lock of this session, and what
//! was done is noted after each statement, so that a crash costs one statement.

use super::{Migration, between, find, tenants};
use crate::ffi::script;
use crate::sql::{self, Session};
use crate::store::tenants::{keep, let_go};
use tenancy_core::quote::identifier;
use tenancy_core::{Error, Result, SqlState};

/// The next statement of a migration in a tenant; `None` when all are done.
pub fn migration_step(tenant: &str, migration: &str, done: bool) -> Result<Option<String>> {
    let (position, next) = sql::as_registry(|s| {
        let id = find(s, migration)?;
        let position = tenants::lock(s, tenant)?;
        let range = (position.done, id);
        let lacking = between(s, position.template.as_deref(), range)?;
        Ok((position, lacking.into_iter().next().map(|next| (next.id == id, next))))
    })?;
    let Some((is_first, next)) = next else { return Ok(None) };
    if !is_first || next.in_transaction {
        return Err(not_next(&next));
    }
    keep(position.id)?;
    let (state, steps) = match &position.last {
        Some((state, id, steps)) if *id == next.id => (state.as_str(), *steps),
        _ => ("", 0),
    };
    let mut steps = if done { steps + 1 } else { steps };
    let statements = script::parse(&next.script)?;
    if !done && !state.is_empty() && finish_attempt(&position, &next, &statements, steps, state)? {
        steps += 1;
    }
    let statement = usize::try_from(steps).ok().and_then(|at| statements.get(at));
    sql::as_registry(|s| match statement {
        Some(_) => running(s, position.id, next.id, steps),
        None => position.applied(s, &next, None),
    })?;
    if statement.is_none() {
        let_go();
    }
    Ok(statement.map(|s| s.text.clone()))
}

/// Cleans up after an attempt that failed or whose end nobody saw; whether it had succeeded.
fn finish_attempt(
    position: &tenants::Position,
    next: &Migration,
    statements: &[script::Statement],
    steps: i32,
    state: &str,
) -> Result<bool> {
    let statement = usize::try_from(steps).ok().and_then(|at| statements.get(at));
    let Some(index) = statement.and_then(|s| s.index.as_deref()) else { return Ok(false) };
    let query = "SELECT i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid \
        WHERE c.relname = $1 AND c.relnamespace = to_regnamespace(quote_ident($2))";
    let arguments = [index.into(), position.schema().into()];
    let valid = sql::as_superuser(|s| s.first(query, &arguments, |row| row.required::<bool>(1)))?;
    if valid == Some(false) {
        let path = format!("DROP INDEX {}.{}", identifier(position.schema()), identifier(index));
        position.run(next, &script::parse(&path)?)?;
    }
    Ok(valid == Some(true) && state == "running")
}

fn running(session: &mut Session<'_, '_>, tenant: i64, id: i64, steps: i32) -> Result<()> {
    session.execute(
        "INSERT INTO tenancy.tenant_migration (tenant_id, state, migration, steps) VALUES ($1, 'running', $2, $3) \
         ON CONFLICT (tenant_id) DO UPDATE SET (state, migration, steps, sqlstate, message, detail, at, duration) = \
         ROW ('running', excluded.migration, excluded.steps, NULL, NULL, NULL, excluded.at, NULL)",
        &[tenant.into(), id.into(), steps.into()],
    )?;
    Ok(())
}

fn not_next(next: &Migration) -> Error {
    Error::new(
        SqlState::ObjectNotInPrerequisiteState,
        format!("migration {:?} comes first, in a transaction", next.name),
    )
    .hint("Apply it by tenancy.migrate_tenant(tenant, upto).")
}
