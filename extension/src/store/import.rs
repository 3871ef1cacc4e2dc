//! Bringing a tenant in from an archive, in two transactions and whatever copies the rows between
//! them. What comes in is somebody's: all of it runs as the new tenant's owner role, but for the
//! statements that the template here has in the very same words. Until the second transaction ends
//! the tenant is `registered`: nobody but its importer gets in.

use super::blueprints;
use super::lifecycle::{self, move_on};
use super::templates::{self, Template};
use super::tenants::{self, Locked};
use super::{domains, migrations, provision, verify};
use crate::clone::{self, Blueprint, Half, Names, Position};
use crate::sql::{self, Session};
use pgrx::JsonB;
use std::collections::HashSet;
use tenancy_core::lifecycle::{Operation, Status};
use tenancy_core::name::TenantName;
use tenancy_core::{Error, Result, SqlState};

/// What an import begins with.
pub struct NewImport<'a> {
    /// The tenant's name here.
    pub name: &'a str,
    /// What the archive is known by: only the same one may go on later.
    pub archive: &'a str,
    /// What the tenant's structure is made of.
    pub structure: Blueprint,
    /// Plan.
    pub plan: Option<&'a str>,
    /// Template.
    pub template: Option<&'a str>,
    /// Settings: a JSON object.
    pub settings: Option<JsonB>,
    /// The migrations that it has: a JSON object of names and checksums.
    pub migrations: Option<JsonB>,
}

/// What an import ends with.
pub struct Rest<'a> {
    /// The tenant's name here.
    pub name: &'a str,
    /// The archive that it began with.
    pub archive: &'a str,
    /// What the tenant's structure is made of.
    pub structure: Blueprint,
    /// Where sequences stand.
    pub positions: Vec<Position>,
    /// Hostnames that lead to the tenant.
    pub domains: Vec<String>,
    /// Whether to put it into service.
    pub activate: bool,
}

/// Makes a tenant with tables and without rows; false when an import of the same archive under this
/// name has done that before.
pub fn begin(mut new: NewImport<'_>) -> Result<bool> {
    let name = TenantName::parse(new.name)?;
    lifecycle::refuse_odd_settings(new.settings.as_ref())?;
    if let Some(archive) = sql::as_registry(|s| under_way(s, new.name))? {
        return if archive == new.archive { Ok(false) } else { Err(another(new.name)) };
    }
    let tenant = sql::as_registry(|s| {
        lifecycle::require_plan(s, new.plan)?;
        new.template.map(|t| templates::template(s, t)).transpose()?;
        tenants::refuse_taken(s, name.as_str())?;
        let names = tenants::new_names(s, &name, None)?;
        let tenant = tenants::insert(s, &name, &names, new.template, new.plan)?;
        s.execute(
            "INSERT INTO tenancy.import (tenant_id, archive) VALUES ($1, $2)",
            &[tenant.id.into(), new.archive.into()],
        )?;
        lifecycle::store_settings(s, tenant.id, new.settings)?;
        migrations::recognise(s, tenant.id, new.migrations)?;
        super::audit::note(s, "import", Some(tenant.id), Some(name.as_str()), &[])?;
        Ok(tenant)
    })?;
    provision::provision(&tenant.names, None)?;
    trust_template_alone(&mut new.structure, &tenant, new.template)?;
    clone::replay_half(&new.structure, names(&tenant), Half::BeforeRows, &[])?;
    Ok(true)
}

/// Makes what comes after the rows, verifies the tenant and puts it into service.
pub fn finish(mut rest: Rest<'_>) -> Result<()> {
    let (mut tenant, template) = sql::as_registry(|s| {
        let tenant = tenants::lock(s, rest.name)?;
        if under_way(s, rest.name)?.as_deref() != Some(rest.archive) {
            return Err(another(rest.name));
        }
        let template = "SELECT template FROM tenancy.tenant WHERE id = $1";
        let template = s.first(template, &[tenant.id.into()], |row| row.get::<String>(1))?;
        s.execute("DELETE FROM tenancy.import WHERE tenant_id = $1", &[tenant.id.into()])?;
        Ok((tenant, template.flatten()))
    })?;
    // Takes away the importer's way in before the owner's code could matter to anybody.
    move_on(&mut tenant, Operation::Provision)?;
    trust_template_alone(&mut rest.structure, &tenant, template.as_deref())?;
    clone::replay_half(&rest.structure, names(&tenant), Half::AfterRows, &rest.positions)?;
    sql::as_registry(|s| {
        rest.domains.iter().try_for_each(|domain| domains::add(s, &tenant, domain, false))
    })?;
    verify::require(&tenant.names)?;
    move_on(&mut tenant, Operation::Verify)?;
    if rest.activate {
        move_on(&mut tenant, Operation::Activate)?;
    }
    Ok(())
}

fn names(tenant: &Locked) -> Names<'_> {
    let names = &tenant.names;
    Names { schema: &names.schema, owner: &names.owner, role: &names.role }
}

/// Leaves to the superuser only what the template has too; the rest is the owner's to try.
fn trust_template_alone(
    structure: &mut Blueprint,
    tenant: &Locked,
    template: Option<&str>,
) -> Result<()> {
    let template = template.map(|t| sql::as_registry(|s| templates::template(s, t))).transpose()?;
    let trusted: HashSet<String> = match template {
        Some(Template::Schema(template)) => {
            let known = blueprints::blueprint(&template)?;
            let privileged = known.steps.iter().filter(|step| step.privileged);
            privileged.map(|step| known.slots.fill(&step.text, names(tenant))).collect()
        }
        _ => HashSet::new(),
    };
    let slots = structure.slots.clone();
    for step in &mut structure.steps {
        step.privileged =
            step.privileged && trusted.contains(&slots.fill(&step.text, names(tenant)));
    }
    Ok(())
}

/// The archive that is being imported under this name.
fn under_way(session: &Session<'_, '_>, name: &str) -> Result<Option<String>> {
    session.first(
        "SELECT i.archive FROM tenancy.import i JOIN tenancy.tenant t ON t.id = i.tenant_id \
         WHERE t.name = $1 AND t.status = $2 AND t.dropped_at IS NULL",
        &[name.into(), Status::Registered.as_str().into()],
        |row| row.required(1),
    )
}

/// Refuses a tenant of which only a part came in.
pub fn refuse_half(session: &Session<'_, '_>, tenant: i64) -> Result<()> {
    let query = "SELECT true FROM tenancy.import WHERE tenant_id = $1";
    if session.first(query, &[tenant.into()], |row| row.required::<bool>(1))?.is_none() {
        return Ok(());
    }
    Err(Error::new(
        SqlState::ObjectNotInPrerequisiteState,
        "the tenant's import was never finished",
    )
    .hint("Import it again from its archive, and purge this one."))
}

fn another(name: &str) -> Error {
    Error::new(
        SqlState::ObjectNotInPrerequisiteState,
        format!("tenant {name:?} is not being imported from this archive"),
    )
    .hint("Import under another name, or drop the tenant first: SELECT tenancy.drop(name).")
}
