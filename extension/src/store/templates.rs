//! Templates: SQL scripts from which tenants are made.

use super::sql::{self, Session};
use super::{audit, provision};
use crate::ffi::script;
use tenancy_core::name::TenantName;
use tenancy_core::{Error, Result, SqlState};

/// Registers a script, or replaces it. It must parse (42601) and hold no transaction control.
pub fn register_template(name: &str, text: &str) -> Result<()> {
    TenantName::parse(name).map_err(|error| Error {
        message: error.message.replace("tenant name", "template name"),
        ..error
    })?;
    let statements = script::parse(text)?;
    if let Some(statement) = statements.iter().find(|s| s.controls_transaction) {
        return Err(provision::transaction_control()
            .detail(format!("Line {}: {}", statement.line, statement.text)));
    }
    sql::as_registry(|s| {
        s.execute(
            "INSERT INTO tenancy.template (name, script) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET script = excluded.script, updated_at = now()",
            &[name.into(), text.into()],
        )?;
        audit::note(s, "register_template", None, Some(name), &[])
    })
}

/// The script of a template; 42704 when there is none.
pub fn script(session: &mut Session<'_, '_>, name: &str) -> Result<String> {
    let query = "SELECT script FROM tenancy.template WHERE name = $1";
    session.first(query, &[name.into()], |row| row.required(1))?.ok_or_else(|| {
        Error::new(SqlState::UndefinedObject, format!("unknown template {name:?}"))
            .hint("Register it by tenancy.register_template(name, script).")
    })
}
