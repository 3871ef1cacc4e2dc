//! The relation guard: what a session may touch by where it lies, whatever the privileges say. It
//! goes by the session's own state, never by the current user, which functions and foreign keys
//! change. Central tables are out of reach inside a tenant, through definer functions and other
//! people's views too, unless they lie in a schema of `tenancy.shared_schemas` or are granted to
//! role tenancy_tenant by name.

use super::{alarm, cache, position, schemas};
use crate::ffi::relation_hook::Use;
use crate::ffi::{Oid, backend, relations, roles};
use crate::settings;
use tenancy_core::context::Place;
use tenancy_core::relations::{self as rules, EVERYTHING, Schema, Verdict};
use tenancy_core::{Error, Result, mutant};

/// Role that every tenant role is a member of: what is granted to it is shared.
const ALL_TENANTS: &str = "tenancy_tenant";
const BYPASS: &str = "tenancy_bypass";

/// Whom this process acts for.
enum Acting {
    /// For nobody that the guard concerns: a background process, or our own code.
    Freely,
    /// For a session outside of every tenant.
    Outside,
    /// For a tenant, or between tenants.
    Inside(Option<i64>),
}

fn acting() -> Acting {
    if roles::in_own_work() {
        return Acting::Freely;
    }
    match (position::place(), position::current_id()) {
        (_, Some(tenant)) => Acting::Inside(Some(tenant)),
        (Place::Outside, None) if backend::is_client() && !roles::is_by_our_hand() => {
            Acting::Outside
        }
        (Place::Outside, None) => Acting::Freely,
        (_, None) => Acting::Inside(None),
    }
}

/// Decides the use of a relation; returns the privileges that need not be asked for again.
pub fn check_relation(used: Use) -> Result<Option<u32>> {
    let acting = acting();
    if let Acting::Freely = acting {
        return Ok(None);
    }
    let schema = schemas::kind(relations::schema_of(used.relation))?;
    match acting {
        Acting::Inside(tenant) => inside(used, tenant, schema),
        _ if matches!(schema, Schema::Tenant(_)) => outside(used.relation, schema).map(|()| None),
        _ => Ok(Some(EVERYTHING)),
    }
}

fn inside(used: Use, tenant: Option<i64>, schema: Schema) -> Result<Option<u32>> {
    let granted =
        || roles::find(ALL_TENANTS).map_or(0, |role| relations::granted(used.relation, role));
    let allowed = rules::inside(tenant, schema, granted);
    if rules::covers(allowed, used.privileges, used.writes) || mutant::disabled("relation.inside") {
        return Ok(Some(allowed));
    }
    settle(
        Verdict::Refuse,
        tenant.unwrap_or_default(),
        rules::foreign_relation(&describe(used.relation)),
    )?;
    Ok(None)
}

fn outside(relation: Oid, schema: Schema) -> Result<()> {
    if mutant::disabled("relation.outside") {
        return Ok(());
    }
    let verdict = rules::outside(settings::guard(), schema, || is_trusted(schema));
    let tenant = if let Schema::Tenant(id) = schema { id } else { 0 };
    settle(verdict, tenant, rules::no_context(&describe(relation)))
}

/// Whether the session may touch the tenant's schema without having entered: by its login, by the
/// role it has chosen, or as the tenant's own owner role.
fn is_trusted(schema: Schema) -> bool {
    let passes = |role| roles::is_superuser(role) || roles::is_member(role, BYPASS);
    let role = roles::effective_role();
    let owner = || match schema {
        Schema::Tenant(id) => {
            cache::tenant_by_id(id).ok().flatten().is_some_and(|t| t.owner == role)
        }
        _ => false,
    };
    passes(roles::session_user()) || passes(role) || owner()
}

fn describe(relation: Oid) -> String {
    let schema = relations::schema_name(relations::schema_of(relation));
    format!("{schema}.{}", relations::relation_name(relation))
}

/// `tenant` is whose schema was touched, or who touched what is not shared.
fn settle(verdict: Verdict, tenant: i64, error: Error) -> Result<()> {
    match rules::unless_alarm_only(verdict, settings::alarm_only()) {
        Verdict::Pass => Ok(()),
        Verdict::Report => {
            alarm::report(&error, tenant);
            Ok(())
        }
        Verdict::Refuse => Err(error),
    }
}

/// Decides that a statement names a schema.
pub fn check_schema(schema: Oid) -> Result<()> {
    let Acting::Inside(tenant) = acting() else { return Ok(()) };
    if rules::may_use(tenant, schemas::kind(schema)?) || mutant::disabled("relation.schema") {
        return Ok(());
    }
    settle(
        Verdict::Refuse,
        tenant.unwrap_or_default(),
        rules::foreign_schema(&relations::schema_name(schema)),
    )
}

/// Whether a schema of the search path is searched.
pub fn sees_schema(schema: Oid) -> Result<bool> {
    let Acting::Inside(tenant) = acting() else { return Ok(true) };
    let seen = rules::may_use(tenant, schemas::kind(schema)?);
    Ok(seen || settings::alarm_only() || mutant::disabled("relation.path"))
}

/// Decides the call of a function; whether it need not be asked for again.
pub fn check_function(function: Oid) -> Result<bool> {
    let Acting::Inside(tenant) = acting() else { return Ok(false) };
    let schema = relations::schema_of_function(function);
    if rules::may_use(tenant, schemas::kind(schema)?) || mutant::disabled("relation.function") {
        return Ok(true);
    }
    let name = relations::schema_name(schema);
    settle(Verdict::Refuse, tenant.unwrap_or_default(), rules::foreign_function(&name))
        .map(|()| false)
}

/// Decides DDL on what lies in a schema, or on the schema.
pub fn check_change(schema: Oid) -> Result<()> {
    let Acting::Inside(tenant) = acting() else { return Ok(()) };
    if rules::may_change(tenant, schemas::kind(schema)?) || mutant::disabled("relation.change") {
        return Ok(());
    }
    settle(
        Verdict::Refuse,
        tenant.unwrap_or_default(),
        rules::foreign_change(&relations::schema_name(schema)),
    )
}
