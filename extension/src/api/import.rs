//! `export_structure`, `export_tables`, `export_sequences`, `export_large_objects`, `import_begin`,
//! `import_enter`, `import_finish`: the parts of an archive, out and in.

use super::arguments::required;
use crate::clone::Blueprint;
use crate::ffi::Oid;
use crate::ffi::report::or_raise;
use crate::session;
use crate::store::{self, NewImport, Rest};
use pgrx::JsonB;
use pgrx::prelude::*;
use tenancy_core::context::Capacity;
use tenancy_core::{Error, Result, SqlState};

/// `tenancy.export_structure(name)`: the statements, in one row.
#[pg_extern]
#[allow(clippy::type_complexity)] // pgrx reads the columns from the type
fn export_structure(
    name: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(rows_at, i32),
        name!(slots, Vec<String>),
        name!(flags, Vec<i32>),
        name!(objects, Vec<String>),
        name!(statements, Vec<String>),
    ),
> {
    let blueprint = or_raise(required(name, "name").and_then(store::export_structure));
    let (flags, objects, statements) = blueprint.columns();
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    let row = (
        i32::try_from(blueprint.rows_at).unwrap_or(i32::MAX),
        blueprint.slots.clone().into_columns(),
        flags,
        owned(objects),
        owned(statements),
    );
    TableIterator::once(row)
}

/// `tenancy.export_tables(name)`: the tables with rows.
#[pg_extern]
fn export_tables(
    name: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(relation, String),
        name!(columns, Vec<String>),
        name!(is_binary, bool),
        name!(bytes, i64),
    ),
> {
    TableIterator::new(or_raise(required(name, "name").and_then(store::export_tables)))
}

/// `tenancy.export_sequences(name)`: where sequences stand.
#[pg_extern]
fn export_sequences(
    name: Option<&str>,
) -> TableIterator<'static, (name!(sequence, String), name!(last_value, i64), name!(is_called, bool))>
{
    TableIterator::new(or_raise(required(name, "name").and_then(store::export_sequences)))
}

/// `tenancy.export_large_objects(name)`: the ids that the tenant knows, and the real ones.
#[pg_extern]
fn export_large_objects(
    name: Option<&str>,
) -> TableIterator<'static, (name!(id, i64), name!(real_id, Oid))> {
    TableIterator::new(or_raise(required(name, "name").and_then(store::export_large_objects)))
}

/// `tenancy.import_begin(...)`: whether the tenant was made now.
#[pg_extern]
#[allow(clippy::too_many_arguments)] // the parts of an archive, each of a type that SQL has
fn import_begin(
    name: Option<&str>,
    archive: Option<&str>,
    rows_at: Option<i32>,
    slots: Option<Vec<String>>,
    flags: Option<Vec<i32>>,
    objects: Option<Vec<String>>,
    statements: Option<Vec<String>>,
    plan: Option<&str>,
    template: Option<&str>,
    settings: Option<JsonB>,
    migrations: Option<JsonB>,
) -> bool {
    let call = || {
        let (name, archive) = (required(name, "name")?, required(archive, "archive")?);
        let structure = structure(rows_at, slots, flags, objects, statements)?;
        store::import_begin(NewImport {
            name,
            archive,
            structure,
            plan,
            template,
            settings,
            migrations,
        })
    };
    or_raise(call())
}

/// `tenancy.import_enter(name, "as")`: into a tenant that is being imported.
#[pg_extern]
fn import_enter(name: Option<&str>, r#as: Option<&str>) -> Option<String> {
    let call = || {
        let capacity = Capacity::parse(required(r#as, "as")?)?.of_import();
        session::enter(required(name, "name")?, None, capacity)
    };
    or_raise(call())
}

/// `tenancy.import_finish(...)`.
#[pg_extern]
#[allow(clippy::too_many_arguments)] // as above
fn import_finish(
    name: Option<&str>,
    archive: Option<&str>,
    rows_at: Option<i32>,
    slots: Option<Vec<String>>,
    flags: Option<Vec<i32>>,
    objects: Option<Vec<String>>,
    statements: Option<Vec<String>>,
    sequences: Option<Vec<String>>,
    last_values: Option<Vec<i64>>,
    are_called: Option<Vec<bool>>,
    domains: Option<Vec<String>>,
    activate: Option<bool>,
) {
    let call = || {
        let sequences = required(sequences, "sequences")?;
        let last_values = required(last_values, "last_values")?;
        let are_called = required(are_called, "are_called")?;
        same_length(&[sequences.len(), last_values.len(), are_called.len()])?;
        let pairs = last_values.into_iter().zip(are_called);
        let positions =
            sequences.into_iter().zip(pairs).map(|(name, (at, called))| (name, at, called));
        store::import_finish(Rest {
            name: required(name, "name")?,
            archive: required(archive, "archive")?,
            structure: structure(rows_at, slots, flags, objects, statements)?,
            positions: positions.collect(),
            domains: domains.unwrap_or_default(),
            activate: required(activate, "activate")?,
        })
    };
    or_raise(call());
}

fn structure(
    rows_at: Option<i32>,
    slots: Option<Vec<String>>,
    flags: Option<Vec<i32>>,
    objects: Option<Vec<String>>,
    statements: Option<Vec<String>>,
) -> Result<Blueprint> {
    let (slots, flags) = (required(slots, "slots")?, required(flags, "flags")?);
    let (objects, statements) =
        (required(objects, "objects")?, required(statements, "statements")?);
    same_length(&[flags.len(), objects.len(), statements.len()])?;
    same_length(&[slots.len(), 4])?;
    // An empty text is found everywhere.
    if slots.iter().any(String::is_empty) {
        return Err(Error::new(SqlState::InvalidParameterValue, "a slot must not be empty"));
    }
    let columns = (flags, objects, statements);
    let rows_at = required(rows_at, "rows_at")?;
    Ok(Blueprint::from_columns(Oid::INVALID, rows_at, (false, None, String::new()), slots, columns))
}

fn same_length(lengths: &[usize]) -> Result<()> {
    if lengths.windows(2).all(|pair| pair[0] == pair[1]) {
        return Ok(());
    }
    Err(Error::new(SqlState::InvalidParameterValue, "the arrays do not have one length")
        .detail(format!("They have {lengths:?} elements."))
        .hint("Pass them as tenancy.export_structure() and export_sequences() give them."))
}
