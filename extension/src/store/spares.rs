//! Spares: schemas made ahead from the schemas of templates. Taking one costs the same whatever the
//! template is made of, so whether it is still what the template is must be known beforehand: DDL on
//! the template marks its spares, and its rows are compared page by page.

use super::blueprints::SchemaTemplate;
use super::templates::{self, Template};
use super::{migrations, provision, purge, verify};
use crate::ffi::{Oid, catalog, event_trigger, pages, random};
use crate::settings;
use crate::sql::{self, Session};
use tenancy_core::quote::identifier;
use tenancy_core::schema_name::TenantIdentifiers;
use tenancy_core::{Error, Result, SqlState};

/// A template with more pages than this has its rows copied when a tenant is made: to compare them
/// would take longer than a spare saves.
const MOST_PAGES: u32 = 4096;

/// The tables and sequences of a schema.
const SOURCES: &str = "
SELECT coalesce(array_agg(c.oid), '{}') FROM pg_class c
WHERE c.relkind IN ('r', 'S') AND c.oid IN (
  SELECT d.objid FROM pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace(quote_ident($1))
    AND d.classid = 'pg_class'::regclass AND d.deptype = 'n')";

/// Marks the spares of templates that have changed, and those that were changed themselves.
const SPOIL: &str = "
UPDATE tenancy.spare s SET stale = true FROM tenancy.template t
WHERE s.template = t.name AND NOT s.stale AND (t.schema = ANY ($1) OR s.schema = ANY ($1))";

/// A schema made ahead.
pub struct Spare {
    /// Its names, which a tenant takes over.
    pub names: TenantIdentifiers,
    /// Its fingerprint, where it is known.
    pub fingerprint: Option<String>,
}

/// Takes a spare of a template out of the store, if there is one that is what the template is.
pub fn take(session: &mut Session<'_, '_>, template: &str) -> Result<Option<Spare>> {
    while let Some((names, fingerprint, sources, contents)) = session.returning(
        "DELETE FROM tenancy.spare WHERE schema = (SELECT schema FROM tenancy.spare WHERE template = $1 \
         AND NOT stale ORDER BY made_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING schema, role, owner, sources, contents, fingerprint",
        &[template.into()],
        |row| {
            let names =
                TenantIdentifiers { schema: row.required(1)?, role: row.required(2)?, owner: row.required(3)? };
            Ok((names, row.get::<String>(6)?, row.required::<Vec<Oid>>(4)?, row.required::<i64>(5)?))
        },
    )? {
        if pages::sum(&sources, MOST_PAGES) == Some(contents) {
            return Ok(Some(Spare { names, fingerprint }));
        }
        put_back_stale(session, &names, template)?;
    }
    Ok(None)
}

fn put_back_stale(
    session: &mut Session<'_, '_>,
    names: &TenantIdentifiers,
    template: &str,
) -> Result<()> {
    session.execute(
        "INSERT INTO tenancy.spare (schema, role, owner, template, sources, contents, stale) \
         VALUES ($1, $2, $3, $4, '{}', 0, true)",
        &[
            names.schema.as_str().into(),
            names.role.as_str().into(),
            names.owner.as_str().into(),
            template.into(),
        ],
    )?;
    Ok(())
}

/// Makes a spare of a template; returns its schema.
pub fn make(name: &str) -> Result<String> {
    let template = match sql::as_registry(|s| {
        let template = templates::template(s, name)?;
        migrations::hold_template(s, name)?;
        Ok(template)
    })? {
        Template::Schema(template) => template,
        Template::Script(_) => return Err(not_a_schema(name)),
    };
    let sources = sources(&template)?;
    // Before the copy is made: what is written meanwhile shows as a change.
    let Some(contents) = pages::sum(&sources, MOST_PAGES) else { return Err(too_large(name)) };
    let names = TenantIdentifiers::new(&random::bytes()?, None);
    let fingerprint = provision::provision(&names, Some((name, &Template::Schema(template))))?;
    verify::require(&names)?;
    sql::as_registry(|s| {
        s.execute(
            "INSERT INTO tenancy.spare (schema, role, owner, template, sources, contents, fingerprint) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                names.schema.as_str().into(),
                names.role.as_str().into(),
                names.owner.as_str().into(),
                name.into(),
                sources.into(),
                contents.into(),
                fingerprint.into(),
            ],
        )
    })?;
    Ok(names.schema)
}

fn sources(template: &SchemaTemplate) -> Result<Vec<Oid>> {
    let argument = [template.schema.as_str().into()];
    let found = sql::as_superuser(|s| s.first(SOURCES, &argument, |row| row.required(1)))?;
    Ok(found.unwrap_or_default())
}

fn not_a_schema(template: &str) -> Error {
    Error::new(
        SqlState::ObjectNotInPrerequisiteState,
        format!("template {template:?} is a script, of which there are no spares"),
    )
    .hint("Register a schema: tenancy.register_template(name, schema => ...).")
}

fn too_large(template: &str) -> Error {
    Error::new(
        SqlState::ObjectNotInPrerequisiteState,
        format!("the rows of template {template:?} are too many for spares"),
    )
    .detail(format!("They are compared before a spare is used; at most {MOST_PAGES} pages are."))
    .hint("Tenants of this template are made when they are asked for.")
}

/// One step of the worker: removes a spare that is stale, or makes one that is missing; whether there
/// was anything to do.
pub fn tend() -> Result<bool> {
    let wanted = settings::spares();
    let stale = "SELECT schema, role, owner FROM tenancy.spare WHERE stale OR $1 = 0 LIMIT 1 FOR UPDATE SKIP LOCKED";
    let gone = sql::as_registry(|s| {
        s.returning(stale, &[wanted.into()], |row| {
            Ok(TenantIdentifiers {
                schema: row.required(1)?,
                role: row.required(2)?,
                owner: row.required(3)?,
            })
        })
    })?;
    if let Some(names) = gone {
        remove(&names)?;
        return Ok(true);
    }
    for template in sql::as_registry(lacking)? {
        if sql::as_registry(|s| claim(s, &template))? && can_have_spares(&template)? {
            return make(&template).map(|_| true);
        }
    }
    Ok(false)
}

/// Templates that have fewer spares than they should.
fn lacking(session: &mut Session<'_, '_>) -> Result<Vec<String>> {
    let query = "SELECT t.name FROM tenancy.template t WHERE t.schema IS NOT NULL AND $1 > \
        (SELECT count(*) FROM tenancy.spare s WHERE s.template = t.name) ORDER BY t.name";
    session.rows(query, &[settings::spares().into()], |row| row.required(1))
}

/// Keeps other workers off a template until the transaction ends; whether it still lacks spares then.
/// Tenants can be made of it meanwhile.
fn claim(session: &mut Session<'_, '_>, template: &str) -> Result<bool> {
    let lock = "SELECT true FROM tenancy.template WHERE name = $1 FOR NO KEY UPDATE SKIP LOCKED";
    if session.returning(lock, &[template.into()], |row| row.required::<bool>(1))?.is_none() {
        return Ok(false);
    }
    // As of now: whoever had the lock may have made one.
    let count = "SELECT count(*) < $2 FROM tenancy.spare WHERE template = $1";
    let lacks = session
        .returning(count, &[template.into(), settings::spares().into()], |row| row.required(1))?;
    Ok(lacks == Some(true))
}

/// Whether the rows of a template are few enough to be compared.
fn can_have_spares(name: &str) -> Result<bool> {
    let Template::Schema(template) = sql::as_registry(|s| templates::template(s, name))? else {
        return Ok(false);
    };
    Ok(pages::sum(&sources(&template)?, MOST_PAGES).is_some())
}

/// Drops a spare with its schema and roles. Nobody has ever been in it.
fn remove(names: &TenantIdentifiers) -> Result<()> {
    let _quiet = event_trigger::pause_all();
    let statement = format!("DROP SCHEMA IF EXISTS {} CASCADE", identifier(&names.schema));
    sql::as_superuser(|session| {
        session.execute(&statement, &[])?;
        purge::remove_roles(session, names)
    })?;
    let forget = "DELETE FROM tenancy.spare WHERE schema = $1";
    sql::as_registry(|s| s.execute(forget, &[names.schema.as_str().into()]).map(drop))
}

/// Whether a worker should look after the spares of a template.
pub fn are_few(session: &Session<'_, '_>, template: &str) -> Result<bool> {
    let count = "SELECT count(*) FROM tenancy.spare WHERE template = $1 AND NOT stale";
    let count = session.first(count, &[template.into()], |row| row.required::<i64>(1))?;
    Ok(count.unwrap_or(0) * 2 <= i64::from(settings::spares()))
}

/// Marks the spares that a change of these schemas concerns.
pub fn spoil(session: &mut Session<'_, '_>, schemas: &[String]) -> Result<()> {
    // Nothing where there never was a spare: most databases, at every DDL command.
    if schemas.is_empty() || pages::is_empty(catalog::relation(c"spare")?) {
        return Ok(());
    }
    session.kept(SPOIL, &[schemas.to_vec().into()], |_| Ok(())).map(drop)
}
