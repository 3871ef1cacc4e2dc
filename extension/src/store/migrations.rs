//! Migrations: registered once, applied in the order of registration. A tenant's state is the id up
//! to which it has all that concern it, so that finding who lacks one does not grow with their number.

mod outside;
mod templates;
mod tenants;
mod unfit;

pub use outside::migration_step;
pub use templates::{become_as, born, hold_template, migrate_template};
pub use tenants::{inherit, migrate_tenant, migration_failed, recognise};

use super::{audit, scripts};
use crate::ffi::{roles, script};
use crate::sql::{self, Session};
use tenancy_core::{Error, Result, SqlState};

/// A migration that is to be applied.
struct Migration {
    id: i64,
    name: String,
    script: String,
    in_transaction: bool,
}

impl Migration {
    /// For error messages.
    fn source(&self) -> String {
        format!("migration {:?}", self.name)
    }
}

/// Registers a migration; returns its id. The same again changes nothing.
pub fn register_migration(name: &str, text: &str, template: Option<&str>) -> Result<i64> {
    refuse_odd_name("migration", name)?;
    let in_transaction = check(text)?;
    sql::as_registry(|s| {
        // Ids become visible in their order: a tenant that is done up to one has all before it.
        s.execute("LOCK TABLE tenancy.migration IN SHARE ROW EXCLUSIVE MODE", &[])?;
        if let Some(id) = registered(s, name, text, template)? {
            return Ok(id);
        }
        if let Some(template) = template {
            super::templates::template(s, template)?;
        }
        let id = insert(s, name, text, template, in_transaction)?;
        audit::note(s, "register_migration", None, Some(name), &[])?;
        Ok(id)
    })
}

fn insert(
    session: &mut Session<'_, '_>,
    name: &str,
    text: &str,
    template: Option<&str>,
    in_transaction: bool,
) -> Result<i64> {
    let id = session.returning(
        "INSERT INTO tenancy.migration (id, name, script, template, in_transaction, registered_by) \
         SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, $5 FROM tenancy.migration RETURNING id",
        &[
            name.into(),
            text.into(),
            template.into(),
            in_transaction.into(),
            roles::name(roles::session_user()).into(),
        ],
        |row| row.required(1),
    )?;
    id.ok_or_else(|| sql::broken("an INSERT without a row"))
}

/// The id of a migration that is registered; 55000 when it is another of the same name.
fn registered(
    session: &mut Session<'_, '_>,
    name: &str,
    text: &str,
    template: Option<&str>,
) -> Result<Option<i64>> {
    let query = "SELECT id, script = $2, template IS NOT DISTINCT FROM $3 FROM tenancy.migration WHERE name = $1";
    let arguments = [name.into(), text.into(), template.into()];
    let found = session.returning(query, &arguments, |row| {
        Ok((row.required::<i64>(1)?, row.required::<bool>(2)?, row.required::<bool>(3)?))
    })?;
    match found {
        None => Ok(None),
        Some((id, true, true)) => Ok(Some(id)),
        Some((_, same_text, _)) => Err(Error::new(
            SqlState::ObjectNotInPrerequisiteState,
            format!("migration {name:?} is registered already"),
        )
        .detail(if same_text { "It is for another template." } else { "Its text is another." })
        .hint("Tenants may have it: write what is to change as a new migration.")),
    }
}

/// Refuses names that no list could show: of a migration, or of what else `what` says.
pub fn refuse_odd_name(what: &str, name: &str) -> Result<()> {
    if (1..=200).contains(&name.len()) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Error::new(SqlState::InvalidParameterValue, format!("invalid {what} name"))
        .detail("A name has 1 to 200 bytes and no control characters.")
        .hint("Use a name such as \"0007_add_due_date\"."))
}

/// Refuses scripts that could not be applied; whether it runs in a transaction.
fn check(text: &str) -> Result<bool> {
    let statements = unfit::parse(text)?;
    if let Some(statement) = statements.iter().find(|s| s.controls_transaction) {
        return Err(scripts::transaction_control().detail(place(statement)));
    }
    let Some(concurrent) = statements.iter().find(|s| s.is_concurrent) else { return Ok(true) };
    if let Some(other) = statements.iter().find(|s| !s.is_concurrent) {
        return Err(Error::new(
            SqlState::InvalidParameterValue,
            "CONCURRENTLY cannot be mixed with other statements in one migration",
        )
        .detail(format!("{}\n{}", place(concurrent), place(other)))
        .hint("Such a statement runs outside of a transaction: give it a migration of its own."));
    }
    let nameless = |s: &&script::Statement| s.index.is_none() && makes_index(&s.text);
    if let Some(statement) = statements.iter().find(nameless) {
        return Err(Error::new(SqlState::InvalidParameterValue, "the index must have a name")
            .detail(place(statement))
            .hint("By its name, what a failed attempt leaves behind is found."));
    }
    Ok(false)
}

/// Where a statement stands.
fn place(statement: &script::Statement) -> String {
    format!("Line {}: {}", statement.line, statement.text)
}

fn makes_index(text: &str) -> bool {
    text.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("create"))
}

/// The id of a migration by its name; 42704 when there is none.
fn find(session: &mut Session<'_, '_>, name: &str) -> Result<i64> {
    let query = "SELECT id FROM tenancy.migration WHERE name = $1";
    let found = session.kept(query, &[name.into()], |row| row.required(1))?;
    found.into_iter().next().ok_or_else(|| {
        Error::new(SqlState::UndefinedObject, format!("unknown migration {name:?}"))
            .hint("SELECT name FROM tenancy.migrations lists the migrations.")
    })
}

/// What `find` gives for a name, or beyond all ids without one.
fn limit(session: &mut Session<'_, '_>, upto: Option<&str>) -> Result<i64> {
    upto.map_or(Ok(i64::MAX), |name| find(session, name))
}

/// What concerns a template's tenants between two positions, in order.
fn between(
    session: &mut Session<'_, '_>,
    template: Option<&str>,
    (after, upto): (i64, i64),
) -> Result<Vec<Migration>> {
    let query = "SELECT id, name, script, in_transaction FROM tenancy.migration \
        WHERE id > $1 AND id <= $2 AND (template IS NULL OR template = $3) ORDER BY id";
    session.kept(query, &[after.into(), upto.into(), template.into()], |row| {
        Ok(Migration {
            id: row.required(1)?,
            name: row.required(2)?,
            script: row.required(3)?,
            in_transaction: row.required(4)?,
        })
    })
}

/// Says that a tenant or a template has all up to a migration, without applying anything.
pub fn mark_migrated(upto: &str, tenant: Option<&str>, template: Option<&str>) -> Result<()> {
    sql::as_registry(|s| {
        let id = find(s, upto)?;
        if let Some(template) = template {
            templates::mark(s, template, id)?;
            audit::note(s, "mark_migrated", None, Some(upto), &[("template", template)])?;
        }
        if let Some(tenant) = tenant {
            let position = tenants::lock(s, tenant)?;
            refuse_backwards(position.done, id)?;
            tenants::note_done(s, position.id, id, None)?;
            audit::note(s, "mark_migrated", Some(position.id), Some(upto), &[])?;
        }
        Ok(())
    })
}

fn refuse_backwards(done: i64, id: i64) -> Result<()> {
    if done <= id {
        return Ok(());
    }
    Err(Error::new(SqlState::ObjectNotInPrerequisiteState, "it is past that migration already")
        .hint("What was applied is not taken back; write a migration that undoes it."))
}
