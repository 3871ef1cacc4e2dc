//! Whether a tenant is as designed: without this no tenant gets into service. Looks only; runs no
//! code of the tenant's but what its views are made of, as its own role.

use super::blueprints;
use super::tenants::{self, Locked};
use crate::ffi::{roles, subtransaction};
use crate::settings;
use crate::sql::{self, Session};
use tenancy_core::quote::search_path;
use tenancy_core::schema_name::TenantIdentifiers;
use tenancy_core::{Error, Result, SqlState};

const FLAWS: &str = include_str!("verify/flaws.sql");
const DESIGN: &str = include_str!("verify/design.sql");
const CANARY: &str = include_str!("verify/canary.sql");
const DOMAINS: &str = include_str!("verify/domains.sql");

/// What the query of flaws looks at, and what it finds when all is well.
const CHECKS: &[(&str, &str)] = &[
    ("schema", "the owner role's, and usable by the tenant role alone"),
    ("roles", "cannot log in, unprivileged, members of tenancy_tenant only"),
    ("owners", "every object belongs to the owner role"),
    ("grants", "as designed, none to another role"),
    ("reach", "no right in another tenant's schema"),
];

/// One row of the answer: check, whether it holds, what was seen.
pub type Verdict = (String, bool, String);

/// Refuses with 55000 when something is not as designed. Structure is not compared here: a tenant
/// has that of its template when it is made.
pub fn require(names: &TenantIdentifiers) -> Result<()> {
    let flaws = flaws(names)?;
    if flaws.is_empty() {
        return Ok(());
    }
    let flaws: Vec<_> = flaws.into_iter().map(|(_, flaw)| flaw).collect();
    Err(Error::new(SqlState::ObjectNotInPrerequisiteState, "the tenant is not as designed")
        .detail(flaws.join("\n"))
        .hint("Correct the template, or what was changed by hand: owners and grants of the schema are tenancy's. SELECT * FROM tenancy.verify(name) shows each check."))
}

/// Every check of a tenant by name, with what was seen.
pub fn verify(name: &str) -> Result<Vec<Verdict>> {
    let tenant = sql::as_registry(|s| tenants::find(s, name))?;
    let mut flaws = flaws(&tenant.names)?;
    let template = sql::as_registry(|s| blueprints::schema_of_template(s, tenant.id))?;
    flaws.extend(missing(&tenant, template.as_deref())?);
    let mut verdicts: Vec<_> = CHECKS
        .iter()
        .map(|(check, well)| {
            let of_check = flaws.iter().filter(|(of, _)| of == check);
            verdict(check, of_check.map(|(_, flaw)| flaw.clone()).collect(), well)
        })
        .collect();
    if template.is_some() {
        verdicts.push(structure(name));
    }
    verdicts.push(canary(&tenant)?);
    let domains = sql::as_registry(|s| {
        s.rows(DOMAINS, &[tenant.id.into()], |row| row.required::<String>(1))
    })?;
    verdicts.push(verdict("domains", domains, "each hostname leads to the tenant"));
    Ok(verdicts)
}

fn verdict(check: &str, flaws: Vec<String>, well: &str) -> Verdict {
    let ok = flaws.is_empty();
    (check.to_owned(), ok, if ok { well.to_owned() } else { flaws.join("\n") })
}

fn flaws(names: &TenantIdentifiers) -> Result<Vec<(String, String)>> {
    let arguments =
        [names.schema.as_str().into(), names.role.as_str().into(), names.owner.as_str().into()];
    sql::as_superuser(|s| {
        s.by_index()?.rows(FLAWS, &arguments, |row| Ok((row.required(1)?, row.required(2)?)))
    })
}

fn missing(tenant: &Locked, template: Option<&str>) -> Result<Vec<(String, String)>> {
    let names = &tenant.names;
    if roles::find(&names.role).is_none() {
        return Ok(Vec::new());
    }
    let arguments = [names.schema.as_str().into(), names.role.as_str().into(), template.into()];
    sql::as_superuser(|s| {
        s.rows(DESIGN, &arguments, |row| Ok(("grants".to_owned(), row.required(1)?)))
    })
}

/// Object by object; what cannot be read at all says so.
fn structure(name: &str) -> Verdict {
    let found = subtransaction::attempt(|| blueprints::differences(name));
    let flaws = match found {
        Ok(Ok(rows)) => rows
            .into_iter()
            .map(|(object, difference, ..)| format!("{object} {difference}"))
            .collect(),
        Ok(Err(error)) => vec![error.message],
        Err(message) => vec![message],
    };
    verdict("structure", flaws, "equal to the template")
}

/// What the tenant's role can and cannot do indeed.
fn canary(tenant: &Locked) -> Result<Verdict> {
    let names = &tenant.names;
    let Some(role) = roles::find(&names.role) else {
        return Ok(verdict("canary", vec!["the tenant role is missing".to_owned()], ""));
    };
    let arguments = [names.schema.as_str().into(), names.role.as_str().into(), tenant.id.into()];
    let tries = sql::as_superuser(|s| {
        s.rows(CANARY, &arguments, |row| {
            Ok((row.required::<bool>(1)?, row.required::<String>(2)?, row.required::<String>(3)?))
        })
    })?;
    let path = search_path(&names.schema, &settings::shared_schemas());
    let flaws = tries.iter().filter_map(|(allowed, statement, object)| {
        let read = |s: &mut Session<'_, '_>| s.execute(statement, &[]).map(drop);
        let done = subtransaction::attempt(|| sql::as_restricted(role, &path, read));
        match (allowed, done) {
            (true, Err(message)) => Some(format!("{object}: {message}")),
            (false, Ok(_)) => Some(format!("the tenant role can read {object}")),
            _ => None,
        }
    });
    Ok(verdict("canary", flaws.collect(), "reads what is its own, and nothing of its neighbours"))
}
