//! Templates, from which tenants are made: SQL scripts, or schemas.

use super::blueprints::{self, SchemaTemplate};
use super::{audit, scripts};
use crate::clone::Text;
use crate::ffi::{roles, script};
use crate::sql::{self, Session};
use tenancy_core::name::TenantName;
use tenancy_core::{Error, Result, SqlState};

/// What a template is.
pub enum Template {
    /// A script that is replayed.
    Script(String),
    /// A schema that is copied.
    Schema(SchemaTemplate),
}

/// Registers a script, or replaces it. It must parse (42601) and hold no transaction control.
pub fn register_script(name: &str, text: &str) -> Result<()> {
    parse_name(name)?;
    let statements = script::parse(text)?;
    if let Some(statement) = statements.iter().find(|s| s.controls_transaction) {
        return Err(scripts::transaction_control()
            .detail(format!("Line {}: {}", statement.line, statement.text)));
    }
    register(name, Some(text), None, false)
}

/// Registers a schema, or replaces it. It must be such that it can be copied.
pub fn register_schema(name: &str, schema: &str, rebind: bool) -> Result<()> {
    parse_name(name)?;
    require_right(schema)?;
    register(name, None, Some(schema), rebind)?;
    let text = if rebind { Text::Rebind } else { Text::Refuse };
    let template = SchemaTemplate { name: name.to_owned(), schema: schema.to_owned(), text };
    blueprints::blueprint(&template).map(drop)
}

/// Tenants get the schema's rows and functions: so only who has its owner's rights may give them.
/// What belongs to PostgreSQL or to tenancy, or is a tenant's, is nobody's to give.
fn require_right(schema: &str) -> Result<()> {
    let query = "SELECT pg_has_role($2, nspowner, 'USAGE') FROM pg_namespace WHERE nspname = $1 \
        AND nspname !~ '^(pg_|tenancy|information_schema$)' AND NOT EXISTS (SELECT FROM tenancy.tenant t WHERE t.schema = $1)";
    let arguments = [schema.into(), roles::effective_role().into()];
    let may = sql::as_superuser(|s| s.first(query, &arguments, |row| row.required::<bool>(1)))?;
    match may {
        Some(true) => Ok(()),
        Some(false) => Err(Error::new(
            SqlState::InsufficientPrivilege,
            format!("must be owner of schema {schema:?} to make tenants from it"),
        )
        .hint("Tenants get its rows and its functions: let its owner or a superuser register it.")),
        None => Err(Error::new(
            SqlState::UndefinedSchema,
            format!("there is no schema {schema:?} that could be a template"),
        )
        .detail("It does not exist, belongs to PostgreSQL or to tenancy, or is a tenant's.")
        .hint("Make an ordinary schema with the objects and rows that each tenant shall have.")),
    }
}

fn parse_name(name: &str) -> Result<()> {
    TenantName::parse(name).map(drop).map_err(|error| Error {
        message: error.message.replace("tenant name", "template name"),
        ..error
    })
}

fn register(name: &str, script: Option<&str>, schema: Option<&str>, rebind: bool) -> Result<()> {
    sql::as_registry(|s| {
        s.execute("DELETE FROM tenancy.blueprint WHERE template = $1", &[name.into()])?;
        s.execute(
            "INSERT INTO tenancy.template (name, script, schema, rebind) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO UPDATE SET script = excluded.script, schema = excluded.schema, \
             rebind = excluded.rebind, updated_at = now()",
            &[name.into(), script.into(), schema.into(), rebind.into()],
        )?;
        audit::note(s, "register_template", None, Some(name), &[])
    })
}

/// A template by its name; 42704 when there is none.
pub fn template(session: &mut Session<'_, '_>, name: &str) -> Result<Template> {
    let query = "SELECT script, schema, name, rebind FROM tenancy.template WHERE name = $1";
    let found = session.first(query, &[name.into()], |row| {
        Ok(match SchemaTemplate::of_row(&row, 2)? {
            Some(template) => Template::Schema(template),
            None => Template::Script(row.required(1)?),
        })
    })?;
    found.ok_or_else(|| {
        Error::new(SqlState::UndefinedObject, format!("unknown template {name:?}")).hint(
            "Register it by tenancy.register_template(name, script), or by (name, schema => ...).",
        )
    })
}
