//! The moves of a tenant's life, each one transaction's work: state, effects, audit.

use super::spares::Spare;
use super::templates::Template;
use super::tenants::{self, Locked};
use super::{domains, migrations, provision, shapes, spares, templates, verify};
use crate::ffi::signals;
use crate::ffi::workers::{self, Work};
use crate::sql::{self, Session};
use crate::{settings, shared};
use pgrx::JsonB;
use std::time::{Duration, Instant};
use tenancy_core::lifecycle::{Operation, Suspension};
use tenancy_core::name::TenantName;
use tenancy_core::schema_name::SchemaName;
use tenancy_core::{Error, Result, SqlState};

/// How often a suspension looks whether the tenant is quiet.
const POLL: Duration = Duration::from_millis(10);
/// How long a cancelled statement has before its backend is terminated.
const CANCEL_GRACE: Duration = Duration::from_secs(2);

/// What `create()` was asked for.
pub struct NewTenant<'a> {
    /// Name.
    pub name: &'a str,
    /// Template.
    pub template: Option<&'a str>,
    /// Plan.
    pub plan: Option<&'a str>,
    /// First hostname.
    pub domain: Option<&'a str>,
    /// Settings: a JSON object.
    pub settings: Option<JsonB>,
    /// A readable schema name.
    pub schema: Option<&'a str>,
    /// Whether to put it into service.
    pub activate: bool,
}

/// Makes a tenant, all or nothing; returns its id.
pub fn create(new: NewTenant<'_>) -> Result<i64> {
    let name = TenantName::parse(new.name)?;
    let schema = new.schema.map(SchemaName::parse).transpose()?;
    refuse_odd_settings(new.settings.as_ref())?;
    let (mut tenant, template, spare) = sql::as_registry(|s| {
        tenants::refuse_taken(s, name.as_str())?;
        let template = new.template.map(|t| held(s, t)).transpose()?;
        require_plan(s, new.plan)?;
        let spare =
            if schema.is_none() { spare(s, new.template, template.as_ref())? } else { None };
        let names = match &spare {
            Some(spare) => spare.names.clone(),
            None => tenants::new_names(s, &name, schema)?,
        };
        let tenant = tenants::insert(s, &name, &names, new.template, new.plan)?;
        super::audit::note(s, "create", Some(tenant.id), Some(name.as_str()), &[])?;
        Ok((tenant, template, spare))
    })?;
    let is_spare = spare.is_some();
    let fingerprint = match spare {
        Some(spare) => spare.fingerprint,
        None => provision::provision(&tenant.names, new.template.zip(template.as_ref()))?,
    };
    if let Some(fingerprint) = fingerprint {
        sql::as_registry(|s| shapes::remember(s, tenant.id, &fingerprint))?;
    }
    if let Some(template) = new.template.zip(template.as_ref()) {
        migrations::born(tenant.id, &tenant.names, template)?;
    }
    move_on(&mut tenant, Operation::Provision)?;
    sql::as_registry(|s| {
        store_settings(s, tenant.id, new.settings)?;
        new.domain.map_or(Ok(()), |d| domains::add(s, &tenant, d, true))
    })?;
    // A spare was verified when it was made.
    if !is_spare {
        verify::require(&tenant.names)?;
    }
    move_on(&mut tenant, Operation::Verify)?;
    if new.activate {
        move_on(&mut tenant, Operation::Activate)?;
    }
    Ok(tenant.id)
}

/// A template, kept from being migrated while the tenant is made of it.
fn held(session: &mut Session<'_, '_>, name: &str) -> Result<Template> {
    let template = templates::template(session, name)?;
    migrations::hold_template(session, name)?;
    Ok(template)
}

/// A schema that was made ahead, if the template has one; has more made when few are left.
fn spare(
    session: &mut Session<'_, '_>,
    name: Option<&str>,
    template: Option<&Template>,
) -> Result<Option<Spare>> {
    let (Some(name), Some(Template::Schema(_))) = (name, template) else { return Ok(None) };
    if settings::spares() == 0 {
        return Ok(None);
    }
    let spare = spares::take(session, name)?;
    if spares::are_few(session, name)? {
        workers::start(Work::Spares);
    }
    Ok(spare)
}

/// Moves a tenant to its next state.
pub fn move_on(tenant: &mut Locked, operation: Operation) -> Result<()> {
    sql::as_registry(|s| tenants::advance(s, tenant, operation, None))
}

/// Refuses settings that the registry could not keep.
pub fn refuse_odd_settings(settings: Option<&JsonB>) -> Result<()> {
    let Some(settings) = settings else { return Ok(()) };
    if settings.0.as_object().is_some_and(|s| s.keys().all(|key| is_setting_name(key))) {
        return Ok(());
    }
    Err(Error::new(
        SqlState::InvalidParameterValue,
        "settings must be a JSON object with names as keys",
    )
    .detail("A name has lower-case letters, digits, \"_\", \".\" and \"-\", a letter first, at most 63.")
    .hint("Pass settings such as '{\"locale\": \"de\"}'."))
}

/// As the table's constraint has it.
fn is_setting_name(key: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
    key.len() <= 63 && key.starts_with(|c: char| c.is_ascii_lowercase()) && key.bytes().all(inner)
}

/// Refuses a plan that is not there.
pub fn require_plan(session: &mut Session<'_, '_>, plan: Option<&str>) -> Result<()> {
    let Some(plan) = plan else { return Ok(()) };
    let query = "SELECT true FROM tenancy.plan WHERE name = $1";
    if session.first(query, &[plan.into()], |row| row.required::<bool>(1))?.is_some() {
        return Ok(());
    }
    Err(Error::new(SqlState::UndefinedObject, format!("unknown plan {plan:?}"))
        .hint("SELECT name FROM tenancy.plan lists the plans."))
}

/// Keeps a new tenant's settings.
pub fn store_settings(
    session: &mut Session<'_, '_>,
    tenant: i64,
    settings: Option<JsonB>,
) -> Result<()> {
    let Some(settings) = settings else { return Ok(()) };
    session.execute(
        "INSERT INTO tenancy.setting (tenant_id, key, value) SELECT $1, key, value FROM jsonb_each($2)",
        &[tenant.into(), settings.into()],
    )?;
    Ok(())
}

/// Puts a verified tenant into service.
pub fn activate(name: &str) -> Result<()> {
    let mut tenant = sql::as_registry(|s| tenants::lock(s, name))?;
    tenant.status.after(Operation::Activate)?;
    verify::require(&tenant.names)?;
    move_on(&mut tenant, Operation::Activate)
}

/// Takes a tenant out of service; when it returns, nothing of the tenant runs.
pub fn suspend(name: &str, mode: Suspension, reason: Option<&str>, grace: Duration) -> Result<()> {
    let tenant = sql::as_registry(|s| {
        let mut tenant = tenants::lock(s, name)?;
        tenants::advance(s, &mut tenant, Operation::Suspend, Some((mode, reason)))?;
        Ok(tenant)
    })?;
    quiesce(tenant.id, grace)
}

/// Puts a suspended tenant back into service.
pub fn resume(name: &str) -> Result<()> {
    sql::as_registry(|s| {
        let mut tenant = tenants::lock(s, name)?;
        tenants::advance(s, &mut tenant, Operation::Resume, None)
    })
}

/// Hides a tenant: quiet, without its role's way into the schema, name and hostnames free.
pub fn drop_tenant(name: &str, grace: Duration) -> Result<()> {
    let tenant = sql::as_registry(|s| {
        let mut tenant = tenants::lock(s, name)?;
        tenants::advance(s, &mut tenant, Operation::Drop, None)?;
        s.execute(
            "UPDATE tenancy.domain SET active = false WHERE tenant_id = $1",
            &[tenant.id.into()],
        )?;
        Ok(tenant)
    })?;
    quiesce(tenant.id, grace)?;
    provision::revoke(&tenant.names)
}

/// Keeps new statements out and ends what runs: the grace period, then cancel, then terminate.
pub fn quiesce(tenant: i64, grace: Duration) -> Result<()> {
    shared::block(tenant)?;
    let start = Instant::now();
    let mut cancelled = false;
    loop {
        let running = shared::others_in_transaction(tenant);
        if running.is_empty() {
            return Ok(());
        }
        let waited = start.elapsed();
        if waited > grace + CANCEL_GRACE {
            running.iter().for_each(|pid| signals::terminate(*pid));
        } else if waited > grace && !cancelled {
            running.iter().for_each(|pid| signals::cancel(*pid));
            cancelled = true;
        }
        signals::sleep(POLL);
    }
}
