//! Calling another template a tenant's own. Nothing is changed in the tenant: what differs, somebody
//! has to migrate.

use super::templates::{self, Template};
use super::{audit, blueprints, migrations, tenants};
use crate::clone;
use crate::sql;
use tenancy_core::{Error, Result, SqlState};

/// How many differences an error tells.
const TOLD: usize = 10;

/// Where a tenant differs from a template; with `dry_run` false it must not, and is the template's
/// from then on.
pub fn switch_template(name: &str, template: &str, dry_run: bool) -> Result<Vec<clone::Row>> {
    let (tenant, found) =
        sql::as_registry(|s| Ok((tenants::lock(s, name)?, templates::template(s, template)?)))?;
    let Template::Schema(found) = found else {
        return Err(Error::new(SqlState::FeatureNotSupported, "the template is a script")
            .detail("What a script makes is known once it has run, so nothing can be compared.")
            .hint("Register a schema as the template: tenancy.register_template(name, schema => ...)."));
    };
    let differences = blueprints::differences_of(&tenant.names.schema, &found)?;
    if dry_run {
        return Ok(differences);
    }
    refuse(&differences)?;
    sql::as_registry(|s| {
        let update = "UPDATE tenancy.tenant SET template = $2 WHERE id = $1";
        s.execute(update, &[tenant.id.into(), template.into()])?;
        migrations::become_as(s, tenant.id, template)?;
        audit::note(s, "switch_template", Some(tenant.id), Some(template), &[])
    })?;
    Ok(differences)
}

fn refuse(differences: &[clone::Row]) -> Result<()> {
    if differences.is_empty() {
        return Ok(());
    }
    let mut told: Vec<_> = differences
        .iter()
        .take(TOLD)
        .map(|(object, difference, ..)| format!("{object} {difference}"))
        .collect();
    if differences.len() > TOLD {
        told.push(format!("and {} more", differences.len() - TOLD));
    }
    Err(Error::new(SqlState::ObjectNotInPrerequisiteState, "the tenant differs from the template")
        .detail(told.join("\n"))
        .hint("Migrate the tenant first; with dry_run => true each difference is shown with both definitions."))
}
