//! What was read of the schemas that serve as templates, kept until they change.

use super::tenants;
use crate::clone::{self, Blueprint, Text};
use crate::ffi::Oid;
use crate::sql::{self, Session};
use tenancy_core::{Error, Result, SqlState};

/// A schema that tenants are made from.
pub struct SchemaTemplate {
    /// The template's name.
    pub name: String,
    /// The schema.
    pub schema: String,
    /// What is done about text that names the schema.
    pub text: Text,
}

impl SchemaTemplate {
    /// From the columns schema, name and rebind; `None` when the template is not a schema.
    pub fn of_row(row: &sql::Row<'_>, first: usize) -> Result<Option<Self>> {
        let Some(schema) = row.get(first)? else { return Ok(None) };
        let text = if row.required(first + 2)? { Text::Rebind } else { Text::Refuse };
        Ok(Some(Self { schema, name: row.required(first + 1)?, text }))
    }
}

/// The blueprint of a template: the kept one when the schema is as it was, else read anew.
pub fn blueprint(template: &SchemaTemplate) -> Result<Blueprint> {
    let stamp = sql::as_superuser(|s| clone::stamp(s, &template.schema))?;
    let kept = sql::as_registry(|s| kept(s, &template.name, &stamp))?;
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let blueprint = Blueprint { stamp, ..clone::read(&template.schema, template.text)? };
    sql::as_registry(|s| keep(s, &template.name, &blueprint))?;
    Ok(blueprint)
}

fn kept(session: &mut Session<'_, '_>, template: &str, stamp: &str) -> Result<Option<Blueprint>> {
    session.first(
        "SELECT schema_oid, rows_at, slots, flags, objects, statements, proven, fingerprint FROM tenancy.blueprint \
         WHERE template = $1 AND stamp = $2",
        &[template.into(), stamp.into()],
        |row| {
            Ok(Blueprint::from_columns(
                row.required::<Oid>(1)?,
                row.required::<i32>(2)?,
                (row.required(7)?, row.get(8)?, stamp.to_owned()),
                row.required(3)?,
                (row.required(4)?, row.required(5)?, row.required(6)?),
            ))
        },
    )
}

fn keep(session: &mut Session<'_, '_>, template: &str, blueprint: &Blueprint) -> Result<()> {
    let (flags, objects, statements) = blueprint.columns();
    session.execute(
        "INSERT INTO tenancy.blueprint (template, stamp, schema_oid, rows_at, slots, flags, objects, statements) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (template) DO UPDATE SET (proven, fingerprint, stamp, schema_oid, rows_at, slots, \
         flags, objects, statements) = ROW (false, NULL, excluded.stamp, excluded.schema_oid, excluded.rows_at, excluded.slots, \
         excluded.flags, excluded.objects, excluded.statements)",
        &[
            template.into(),
            blueprint.stamp.as_str().into(),
            blueprint.schema.into(),
            i32::try_from(blueprint.rows_at).unwrap_or(0).into(),
            blueprint.slots.clone().into_columns().into(),
            flags.into(),
            objects.into(),
            statements.into(),
        ],
    )?;
    Ok(())
}

/// Says of a blueprint, whose first copy leads nowhere into the template, that it is proven; and
/// gives it the fingerprint of all copies, if this one is equal to the template.
pub fn prove(template: &SchemaTemplate, blueprint: Blueprint, copy: &str) -> Result<Blueprint> {
    let (shape, fingerprint) = clone::shape(copy)?;
    let is_equal = clone::Shape::of(&blueprint).differences(&shape).is_empty();
    let fingerprint = is_equal.then_some(fingerprint);
    let note = "UPDATE tenancy.blueprint SET proven = true, fingerprint = $3 WHERE template = $1 AND stamp = $2";
    let arguments = [
        template.name.as_str().into(),
        blueprint.stamp.as_str().into(),
        fingerprint.as_deref().into(),
    ];
    sql::as_registry(|s| s.execute(note, &arguments))?;
    Ok(Blueprint { is_proven: true, fingerprint, ..blueprint })
}

/// Where a tenant differs from the schema it was made from.
pub fn differences(name: &str) -> Result<Vec<clone::Row>> {
    let (tenant, template) = sql::as_registry(|s| origin(s, name))?;
    differences_of(&tenant, &template)
}

/// Where the schema of a tenant differs from a template.
pub fn differences_of(schema: &str, template: &SchemaTemplate) -> Result<Vec<clone::Row>> {
    let template = clone::Shape::of(&blueprint(template)?);
    Ok(template.differences(&clone::shape(schema)?.0))
}

/// The schema that a tenant was made from, if it was.
pub fn schema_of_template(session: &mut Session<'_, '_>, tenant: i64) -> Result<Option<String>> {
    let query = "SELECT m.schema FROM tenancy.tenant t JOIN tenancy.template m ON m.name = t.template WHERE t.id = $1";
    let found = session.first(query, &[tenant.into()], |row| row.get::<String>(1))?;
    Ok(found.flatten())
}

/// The schema of a tenant, and its template.
fn origin(session: &mut Session<'_, '_>, name: &str) -> Result<(String, SchemaTemplate)> {
    let query = "SELECT t.schema, m.schema, m.name, m.rebind FROM tenancy.tenant t LEFT JOIN tenancy.template m ON m.name = t.template \
        WHERE t.name = $1 AND t.dropped_at IS NULL";
    let found = session.first(query, &[name.into()], |row| {
        Ok((row.required::<String>(1)?, SchemaTemplate::of_row(&row, 2)?))
    })?;
    let (tenant, template) = found.ok_or_else(tenants::unknown)?;
    let template = template.ok_or_else(|| {
        Error::new(SqlState::ObjectNotInPrerequisiteState, "the tenant was not made from a schema")
            .hint("Only tenants of templates that are schemas can be compared with them.")
    })?;
    Ok((tenant, template))
}
