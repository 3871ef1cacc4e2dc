//! A copy of a tenant as a tenant of its own: structure, rows unless they are not wanted, settings.
//! Hostnames and grants of logins stay with the original.

use super::tenants::{self, Locked};
use super::{audit, commands, large_objects, migrations, provision, verify};
use crate::clone::{self, Masks, Names, Rows, Text};
use crate::ffi::{moment::Moment, report, roles};
use crate::settings;
use crate::sql::{self, Session};
use pgrx::JsonB;
use tenancy_core::lifecycle::Operation;
use tenancy_core::name::TenantName;
use tenancy_core::quote::search_path;
use tenancy_core::{Error, Result, SqlState};

/// Masks that mask nothing: of what is not text, or of columns that hold no rows of their own.
const ODD_MASKS: &str = "
SELECT format('%s.%s', t.key, c.key)
FROM jsonb_each($2) t, LATERAL jsonb_each(CASE jsonb_typeof(t.value) WHEN 'object' THEN t.value ELSE '{\"?\": 0}' END) c
WHERE jsonb_typeof(c.value) <> 'string' OR NOT EXISTS (
  SELECT FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid
  WHERE r.relname = t.key AND r.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND r.relkind IN ('r', 'p')
    AND a.attname = c.key AND a.attnum > 0 AND a.attgenerated = '')";

/// Makes the copy, all or nothing, from what was there when the call began; returns its id.
/// `masks`: by table and column, the expression whose value the copy gets instead.
pub fn clone_tenant(
    name: &str,
    new_name: &str,
    with_data: bool,
    masks: Option<JsonB>,
) -> Result<i64> {
    let new_name = TenantName::parse(new_name)?;
    let source = sql::as_registry(|s| tenants::lock(s, name))?;
    let masks = masks.map(|masks| prepared(&source, masks)).transpose()?;
    let mut copy = sql::as_registry(|s| insert(s, &source, name, &new_name))?;
    clone::lock_tables(&source.names.schema)?;
    let _moment = Moment::now();
    clone::refuse_changed(&source.names.schema)?;
    let blueprint = clone::read(&source.names.schema, Text::Rebind)?;
    provision::provision(&copy.names, None)?;
    let (schema, owner, role) = (&copy.names.schema, &copy.names.owner, &copy.names.role);
    let rows = match (with_data, masks) {
        (false, _) => Rows::None,
        (true, None) => Rows::All,
        (true, Some(masks)) => Rows::Masked(masks),
    };
    clone::replay_with(&blueprint, Names { schema, owner, role }, &rows)?;
    copy_objects(&source, &copy, &rows)?;
    advance(&mut copy, Operation::Provision)?;
    verify::require(&copy.names)?;
    advance(&mut copy, Operation::Verify)?;
    advance(&mut copy, Operation::Activate)?;
    Ok(copy.id)
}

fn advance(tenant: &mut Locked, operation: Operation) -> Result<()> {
    sql::as_registry(|s| tenants::advance(s, tenant, operation, None))
}

fn insert(
    session: &mut Session<'_, '_>,
    source: &Locked,
    name: &str,
    new_name: &TenantName,
) -> Result<Locked> {
    tenants::refuse_taken(session, new_name.as_str())?;
    let origin = "SELECT template, plan FROM tenancy.tenant WHERE id = $1";
    let (template, plan) = session
        .first(origin, &[source.id.into()], |row| {
            Ok((row.get::<String>(1)?, row.get::<String>(2)?))
        })?
        .unwrap_or_default();
    let names = tenants::new_names(session, new_name, None)?;
    let copy = tenants::insert(session, new_name, &names, template.as_deref(), plan.as_deref())?;
    session.execute(
        "INSERT INTO tenancy.setting (tenant_id, key, value) SELECT $2, key, value FROM tenancy.setting WHERE tenant_id = $1",
        &[source.id.into(), copy.id.into()],
    )?;
    migrations::inherit(session, source.id, copy.id)?;
    commands::inherit(session, source.id, copy.id)?;
    audit::note(session, "clone", Some(copy.id), Some(new_name.as_str()), &[("of", name)])?;
    Ok(copy)
}

/// Masks run as the owner of the rows that they read, which can do nothing but what the tenant's
/// own code can.
fn prepared(source: &Locked, masks: JsonB) -> Result<Masks> {
    let names = &source.names;
    if !masks.0.is_object() {
        return Err(odd("masks must be a JSON object"));
    }
    let text = masks.0.to_string();
    let arguments = [names.schema.as_str().into(), masks.into()];
    let odd_one =
        sql::as_superuser(|s| s.first(ODD_MASKS, &arguments, |row| row.required::<String>(1)))?;
    if let Some(column) = odd_one {
        return Err(odd(&format!("there is nothing to mask in {column:?}")));
    }
    let reader = roles::find(&names.owner).ok_or_else(|| sql::broken("the owner role is gone"))?;
    let path = search_path(&names.schema, &settings::shared_schemas());
    Ok(Masks { expressions: text, reader, path })
}

fn odd(message: &str) -> Error {
    Error::new(SqlState::InvalidParameterValue, message)
        .detail("For each table, an object with an SQL expression for each column that is not generated.")
        .hint("Pass masks such as '{\"customer\": {\"email\": \"md5(email) || ''@example.com''\"}}'.")
}

/// Masks do not reach large objects: what they hold would be copied as it is.
fn copy_objects(source: &Locked, copy: &Locked, rows: &Rows) -> Result<()> {
    match rows {
        Rows::None => return Ok(()),
        Rows::All => return large_objects::copy_large_objects(source, copy),
        Rows::Masked(_) => {}
    }
    let found = sql::as_superuser(|s| large_objects::ids(s, source.id, &source.names))?;
    if !found.is_empty() {
        let message = format!("{} large objects were not copied", found.len());
        report::notice(
            Error::new(SqlState::FeatureNotSupported, message)
                .detail("Masks do not reach what they hold.")
                .hint("Clone without masks to have them too."),
        );
    }
    Ok(())
}
