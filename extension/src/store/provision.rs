//! Making a tenant's roles and schema, and replaying its template. Roles, schema and grants are the
//! only statements that run as the superuser, on names that we made; the template runs as the
//! tenant's owner role.

use super::blueprints;
use super::scripts::replay;
use super::templates::Template;
use crate::clone::{self, Names};
use crate::ffi::{event_trigger, roles, script};
use crate::settings;
use crate::sql::{self, Session};
use tenancy_core::quote::{identifier, search_path};
use tenancy_core::schema_name::TenantIdentifiers;
use tenancy_core::{Error, Result, SqlState};

/// Makes roles, schema and default privileges, then what the template says, if there is one. Returns
/// the schema's fingerprint where it is known.
pub fn provision(
    names: &TenantIdentifiers,
    template: Option<(&str, &Template)>,
) -> Result<Option<String>> {
    let _quiet = event_trigger::pause_all();
    sql::as_superuser(|session| {
        refuse_open_shared_schemas(session)?;
        make_roles_and_schema(session, names)
    })?;
    match template {
        None => Ok(None),
        Some((name, Template::Script(text))) => replay_script(names, name, text).map(|()| None),
        Some((_, Template::Schema(template))) => {
            let TenantIdentifiers { schema, role, owner } = names;
            let blueprint = blueprints::blueprint(template)?;
            clone::replay(&blueprint, Names { schema, owner, role })?;
            if blueprint.is_proven {
                return Ok(blueprint.fingerprint);
            }
            blueprints::prove(template, blueprint, schema).map(|proven| proven.fingerprint)
        }
    }
}

fn replay_script(names: &TenantIdentifiers, template: &str, text: &str) -> Result<()> {
    let owner = roles::find(&names.owner).ok_or_else(|| sql::broken("the owner role is gone"))?;
    let path = search_path(&names.schema, &settings::shared_schemas());
    replay(owner, &path, &format!("template {template:?}"), &script::parse(text)?)
}

/// In a schema that everybody may create in, one tenant could plant functions for the others.
fn refuse_open_shared_schemas(session: &mut Session<'_, '_>) -> Result<()> {
    let open = session.first(
        "SELECT s FROM unnest($1) AS s WHERE has_schema_privilege('tenancy_tenant', \
         to_regnamespace(quote_ident(s))::oid, 'CREATE')",
        &[settings::shared_schemas().into()],
        |row| row.required::<String>(1),
    )?;
    let Some(schema) = open else { return Ok(()) };
    Err(Error::new(
        SqlState::ObjectNotInPrerequisiteState,
        format!("shared schema {schema:?} lets every tenant create objects in it"),
    )
    .detail("Objects of one tenant would be in the search path of all others.")
    .hint(format!("REVOKE CREATE ON SCHEMA {} FROM PUBLIC, tenancy_tenant;", identifier(&schema))))
}

fn make_roles_and_schema(session: &mut Session<'_, '_>, names: &TenantIdentifiers) -> Result<()> {
    run_for_roles(session, names)?;
    let (schema, role, owner) =
        (identifier(&names.schema), identifier(&names.role), identifier(&names.owner));
    for statement in [
        format!("CREATE SCHEMA {schema} AUTHORIZATION {owner}"),
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}"),
    ] {
        session.execute(&statement, &[])?;
    }
    Ok(())
}

/// Makes the roles of a tenant whose schema is there.
pub fn make_roles(names: &TenantIdentifiers) -> Result<()> {
    sql::as_superuser(|session| {
        refuse_open_shared_schemas(session)?;
        run_for_roles(session, names)
    })
}

fn run_for_roles(session: &mut Session<'_, '_>, names: &TenantIdentifiers) -> Result<()> {
    let (role, owner) = (identifier(&names.role), identifier(&names.owner));
    let privileges = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {owner}");
    for statement in [
        format!("CREATE ROLE {role} NOLOGIN IN ROLE tenancy_tenant"),
        format!("CREATE ROLE {owner} NOLOGIN IN ROLE tenancy_tenant"),
        // The owner role creates in this one schema only, so these need not name it; and only
        // without a schema can they take EXECUTE from PUBLIC.
        format!("{privileges} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"),
        format!("{privileges} GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO {role}"),
        format!("{privileges} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC"),
        format!("{privileges} GRANT EXECUTE ON FUNCTIONS TO {role}"),
    ] {
        session.execute(&statement, &[])?;
    }
    Ok(())
}

/// Takes the tenant role out of the schema; data and owner stay.
pub fn revoke(names: &TenantIdentifiers) -> Result<()> {
    let (schema, role) = (identifier(&names.schema), identifier(&names.role));
    let statement = format!("REVOKE USAGE ON SCHEMA {schema} FROM {role}");
    sql::as_superuser(|session| session.execute(&statement, &[]).map(drop))
}

/// Lets the tenant role into the schema again.
pub fn grant(names: &TenantIdentifiers) -> Result<()> {
    let (schema, role) = (identifier(&names.schema), identifier(&names.role));
    let statement = format!("GRANT USAGE ON SCHEMA {schema} TO {role}");
    sql::as_superuser(|session| session.execute(&statement, &[]).map(drop))
}
