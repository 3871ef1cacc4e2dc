//! The way in: an ordinary schema becomes a tenant. First what is found, then owners and grants put
//! right, all in one transaction; no row is touched.

use super::tenants::{self, Locked};
use super::{audit, domains, provision, verify};
use crate::ffi::{event_trigger, roles};
use crate::settings;
use crate::sql;
use tenancy_core::lifecycle::Operation;
use tenancy_core::name::TenantName;
use tenancy_core::schema_name::{SchemaName, TenantIdentifiers};
use tenancy_core::{Error, Result, SqlState};

const FINDINGS: &str = include_str!("adopt/findings.sql");
const STATEMENTS: &str = include_str!("adopt/statements.sql");

/// One row of the report: object, finding, what is done about it, severity.
pub type Finding = (String, String, String, String);

/// Makes a tenant of a schema and returns what was found in it; with `dry_run`, what would be.
pub fn adopt(
    schema: &str,
    name: &str,
    domain: Option<&str>,
    dry_run: bool,
) -> Result<Vec<Finding>> {
    let (name, existing) = (TenantName::parse(name)?, SchemaName::existing(schema)?);
    require_right(schema)?;
    let findings = findings(schema)?;
    if dry_run {
        sql::as_registry(|s| tenants::refuse_taken(s, name.as_str()))?;
        return Ok(findings);
    }
    refuse_errors(&findings)?;
    let mut tenant = sql::as_registry(|s| {
        tenants::refuse_taken(s, name.as_str())?;
        let names = TenantIdentifiers::new(&crate::ffi::random::bytes()?, Some(existing));
        let tenant = tenants::insert(s, &name, &names, None, None)?;
        audit::note(s, "adopt", Some(tenant.id), Some(schema), &[("name", name.as_str())])?;
        Ok(tenant)
    })?;
    take_over(&tenant)?;
    advance(&mut tenant, Operation::Provision)?;
    sql::as_registry(|s| domain.map_or(Ok(()), |d| domains::add(s, &tenant, d, true)))?;
    verify::require(&tenant.names)?;
    advance(&mut tenant, Operation::Verify)?;
    advance(&mut tenant, Operation::Activate)?;
    Ok(findings)
}

fn advance(tenant: &mut Locked, operation: Operation) -> Result<()> {
    sql::as_registry(|s| tenants::advance(s, tenant, operation, None))
}

/// Who has the rights of the schema's owner may give it away; what is PostgreSQL's, tenancy's, a
/// template, shared by all tenants or a tenant's already is nobody's to give.
fn require_right(schema: &str) -> Result<()> {
    let query = "SELECT pg_has_role($2, n.nspowner, 'USAGE'), n.nspname = ANY ($3) \
        OR EXISTS (SELECT FROM tenancy.template t WHERE t.schema = n.nspname) \
        OR EXISTS (SELECT FROM tenancy.tenant t WHERE t.schema = n.nspname) FROM pg_namespace n WHERE n.nspname = $1";
    let shared = settings::shared_schemas();
    let arguments = [schema.into(), roles::effective_role().into(), shared.into()];
    let found = sql::as_superuser(|s| {
        s.first(query, &arguments, |row| Ok((row.required::<bool>(1)?, row.required::<bool>(2)?)))
    })?;
    match found {
        None => {
            Err(Error::new(SqlState::UndefinedSchema, format!("schema {schema:?} does not exist"))
                .hint("SELECT nspname FROM pg_namespace lists the schemas."))
        }
        Some((_, true)) => Err(Error::new(
            SqlState::ObjectNotInPrerequisiteState,
            format!("schema {schema:?} cannot become a tenant"),
        )
        .detail("It is a tenant's, a template, or shared by all tenants.")
        .hint("Adopt an ordinary schema.")),
        Some((false, _)) => Err(Error::new(
            SqlState::InsufficientPrivilege,
            format!("must be owner of schema {schema:?} to make a tenant of it"),
        )
        .hint("Let its owner or a superuser adopt it.")),
        Some((true, false)) => Ok(()),
    }
}

fn findings(schema: &str) -> Result<Vec<Finding>> {
    let shared = settings::shared_schemas();
    let arguments = [schema.into(), roles::effective_role().into(), shared.into()];
    let mut findings = sql::as_superuser(|s| {
        s.rows(FINDINGS, &arguments, |row| {
            Ok((row.required(1)?, row.required(2)?, row.required(3)?, row.required(4)?))
        })
    })?;
    let rank = |severity: &str| ["error", "warning", "notice"].iter().position(|s| *s == severity);
    findings.sort_by_key(|(.., severity): &Finding| rank(severity));
    Ok(findings)
}

fn refuse_errors(findings: &[Finding]) -> Result<()> {
    let errors: Vec<_> = findings
        .iter()
        .filter(|(.., severity)| severity == "error")
        .map(|(object, finding, change, _)| format!("{object} {finding}: {change}"))
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(Error::new(SqlState::ObjectNotInPrerequisiteState, "the schema cannot become a tenant as it is")
        .detail(errors.join("\n"))
        .hint("Put these right first. SELECT * FROM tenancy.adopt(schema, name, dry_run => true) shows all that was found."))
}

/// Roles, owners, grants.
fn take_over(tenant: &Locked) -> Result<()> {
    let names = &tenant.names;
    let _quiet = event_trigger::pause();
    provision::make_roles(names)?;
    let arguments =
        [names.schema.as_str().into(), names.role.as_str().into(), names.owner.as_str().into()];
    sql::as_superuser(|s| {
        let statements = s.rows(STATEMENTS, &arguments, |row| row.required::<String>(2))?;
        statements.iter().try_for_each(|statement| s.execute(statement, &[]).map(drop))
    })
}
