//! Migrating templates: tenants made of them have the migrations at birth.

use super::{Migration, between, limit, refuse_backwards, tenants};
use crate::ffi::{Oid, roles, script};
use crate::settings;
use crate::sql::{self, Session};
use crate::store::audit;
use crate::store::scripts;
use crate::store::templates::{self, Template};
use tenancy_core::migration::without_concurrently;
use tenancy_core::quote::search_path;
use tenancy_core::schema_name::TenantIdentifiers;
use tenancy_core::{Error, Result, SqlState};

/// Keeps a template from being migrated while it is copied, until the transaction ends.
pub fn hold_template(session: &mut Session<'_, '_>, template: &str) -> Result<()> {
    position(session, template, "FOR SHARE").map(drop)
}

/// What tenants of a template have at birth, and what of it the template itself has; locked.
fn position(session: &mut Session<'_, '_>, template: &str, lock: &str) -> Result<(i64, i64)> {
    let ensure = "INSERT INTO tenancy.template_migration (template) SELECT $1 WHERE NOT EXISTS \
        (SELECT FROM tenancy.template_migration WHERE template = $1) ON CONFLICT DO NOTHING";
    session.execute(ensure, &[template.into()])?;
    let query =
        format!("SELECT includes, done FROM tenancy.template_migration WHERE template = $1 {lock}");
    let found = session.returning(&query, &[template.into()], |row| {
        Ok((row.required::<i64>(1)?, row.required::<i64>(2)?))
    })?;
    found.ok_or_else(|| sql::broken("a template without a position"))
}

/// Applies to a template what it lacks; returns how many migrations that were.
pub fn migrate_template(name: &str, upto: Option<&str>) -> Result<i32> {
    let (template, lacking) = sql::as_registry(|s| {
        let upto = limit(s, upto)?;
        let template = templates::template(s, name)?;
        let (_, done) = position(s, name, "FOR NO KEY UPDATE")?;
        Ok((template, between(s, Some(name), (done, upto))?))
    })?;
    let Some(last) = lacking.last() else { return Ok(0) };
    if let Template::Schema(template) = &template {
        let owner = owner(&template.schema)?;
        let path = search_path(&template.schema, &settings::shared_schemas());
        for migration in &lacking {
            let source = format!("{} in template {name:?}", migration.source());
            scripts::run_as(owner, &path, &source, &in_transaction(migration)?)?;
        }
    }
    sql::as_registry(|s| {
        let done = "UPDATE tenancy.template_migration SET done = $2 WHERE template = $1";
        s.execute(done, &[name.into(), last.id.into()])?;
        audit::note(s, "migrate_template", None, Some(name), &[("upto", &last.name)])
    })?;
    i32::try_from(lacking.len()).map_err(|_| sql::broken("too many migrations"))
}

/// Its statements as they run where nobody is at work: without CONCURRENTLY.
fn in_transaction(migration: &Migration) -> Result<Vec<script::Statement>> {
    let mut statements = script::parse(&migration.script)?;
    for statement in statements.iter_mut().filter(|s| s.is_concurrent) {
        let plain = without_concurrently(&statement.text).find_map(|text| {
            let parsed = script::parse(&text).ok()?;
            parsed.iter().all(|s| !s.is_concurrent).then_some(text)
        });
        statement.text = plain.ok_or_else(|| sql::broken("CONCURRENTLY was not found"))?;
    }
    Ok(statements)
}

/// The owner of a template's schema, as whom its migrations run: must be a role of the caller.
fn owner(schema: &str) -> Result<Oid> {
    let query =
        "SELECT nspowner, pg_has_role($2, nspowner, 'USAGE') FROM pg_namespace WHERE nspname = $1";
    let arguments = [schema.into(), roles::effective_role().into()];
    let found = sql::as_superuser(|s| {
        s.first(query, &arguments, |row| Ok((row.required::<Oid>(1)?, row.required::<bool>(2)?)))
    })?;
    match found {
        Some((owner, true)) => Ok(owner),
        Some((_, false)) => Err(Error::new(
            SqlState::InsufficientPrivilege,
            format!("must be owner of schema {schema:?} to migrate the template"),
        )
        .hint("Let the owner of the schema or a superuser run the migration, or GRANT the owner's role to this login.")),
        None => Err(Error::new(
            SqlState::UndefinedSchema,
            format!("the template's schema {schema:?} does not exist"),
        )
        .hint("Register the template again.")),
    }
}

/// Gives a tenant that was just made the migrations of its template: those that a script does not do
/// are applied after it, and all are recorded.
pub fn born(tenant: i64, names: &TenantIdentifiers, template: (&str, &Template)) -> Result<()> {
    let (name, template) = template;
    let ((includes, done), lacking) = sql::as_registry(|s| {
        let (includes, done) = position(s, name, "")?;
        let from = if matches!(template, Template::Script(_)) { includes } else { done };
        Ok(((includes, done), between(s, Some(name), (from, done))?))
    })?;
    if done == 0 && includes == 0 {
        return Ok(());
    }
    let owner = roles::find(&names.owner).ok_or_else(|| sql::broken("the owner role is gone"))?;
    let path = search_path(&names.schema, &settings::shared_schemas());
    for migration in &lacking {
        scripts::replay(owner, &path, &migration.source(), &in_transaction(migration)?)?;
    }
    sql::as_registry(|s| tenants::note_done(s, tenant, done, None))
}

/// Says that a template has all up to a migration.
pub fn mark(session: &mut Session<'_, '_>, name: &str, id: i64) -> Result<()> {
    templates::template(session, name)?;
    let (_, done) = position(session, name, "FOR NO KEY UPDATE")?;
    refuse_backwards(done, id)?;
    let both =
        "UPDATE tenancy.template_migration SET (includes, done) = ($2, $2) WHERE template = $1";
    session.execute(both, &[name.into(), id.into()])?;
    Ok(())
}

/// A tenant that is as a template is has the template's migrations.
pub fn become_as(session: &mut Session<'_, '_>, tenant: i64, template: &str) -> Result<()> {
    let (_, done) = position(session, template, "FOR SHARE")?;
    tenants::note_done(session, tenant, done, None)
}
