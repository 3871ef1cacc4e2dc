//! Which tenants differ from their templates. Fingerprints are remembered until DDL touches a schema;
//! tenants that differ alike are compared once.

use super::blueprints::{self, SchemaTemplate};
use super::shapes::{self, WATCH};
use super::templates::{self, Template};
use crate::clone::{self, Row, Shape};
use crate::ffi::{report, subtransaction};
use crate::sql::{self, Session};
use std::collections::HashMap;
use tenancy_core::{Error, Result, SqlState};

/// One object of one tenant that differs.
pub struct Drifted {
    /// The tenant's name.
    pub tenant: String,
    /// The template's.
    pub template: String,
    /// What differs.
    pub difference: Row,
}

/// A tenant, with its fingerprint where that is known.
struct Candidate {
    id: i64,
    name: String,
    schema: String,
    fingerprint: Option<String>,
}

/// So many schemas take seconds.
const WORTH_A_NOTICE: usize = 100;

/// Marks of which nobody is adding a change just now.
const TAKE_MARKS: &str = "
DELETE FROM tenancy.schema_change WHERE ctid = ANY (ARRAY(
  SELECT c.ctid FROM tenancy.schema_change c JOIN tenancy.tenant t ON t.id = c.tenant_id
  WHERE t.template = $1 FOR UPDATE OF c SKIP LOCKED))
RETURNING tenant_id";

/// Whether what is read now may be remembered: what this transaction sees has to be what is there.
const SEES_ALL: &str = "SELECT current_setting('transaction_isolation') = 'read committed' \
    AND current_setting('transaction_read_only') = 'off'";

/// Where the tenants of a template, or of all that are schemas, differ from it.
pub fn drift(template: Option<&str>) -> Result<Vec<Drifted>> {
    let templates = match template {
        Some(name) => vec![schema_template(name)?],
        None => sql::as_registry(schema_templates)?,
    };
    let mut drifted = Vec::new();
    for template in templates {
        drifted.extend(of_template(&template)?);
    }
    Ok(drifted)
}

fn schema_template(name: &str) -> Result<SchemaTemplate> {
    match sql::as_registry(|s| templates::template(s, name))? {
        Template::Schema(template) => Ok(template),
        Template::Script(_) => Err(Error::new(
            SqlState::ObjectNotInPrerequisiteState,
            format!("template {name:?} is a script, with which tenants cannot be compared"),
        )
        .hint("Register a schema: tenancy.register_template(name, schema => ...).")),
    }
}

fn schema_templates(session: &mut Session<'_, '_>) -> Result<Vec<SchemaTemplate>> {
    let query =
        "SELECT schema, name, rebind FROM tenancy.template WHERE schema IS NOT NULL ORDER BY name";
    let found = session.rows(query, &[], |row| SchemaTemplate::of_row(&row, 1))?;
    Ok(found.into_iter().flatten().collect())
}

fn of_template(template: &SchemaTemplate) -> Result<Vec<Drifted>> {
    let expected = Shape::of(&blueprints::blueprint(template)?);
    let fingerprint = clone::fingerprint(&expected)?;
    let (candidates, remember) = sql::as_registry(|s| candidates(s, &template.name))?;
    let unread = candidates.iter().filter(|tenant| tenant.fingerprint.is_none()).count();
    if unread >= WORTH_A_NOTICE {
        report::notice_of_success(format!(
            "reading {unread} schemas that are not known, or were changed"
        ));
    }
    // By fingerprint: what differs.
    let mut kinds = HashMap::from([(fingerprint, Vec::new())]);
    let mut drifted = Vec::new();
    for tenant in candidates {
        let rows = differences(&expected, &tenant, &mut kinds, remember)?;
        drifted.extend(rows.into_iter().map(|difference| Drifted {
            tenant: tenant.name.clone(),
            template: template.name.clone(),
            difference,
        }));
    }
    Ok(drifted)
}

/// The tenants of a template, and whether to remember what is read of them. Marks go before anything
/// is read: a change that comes later leaves another.
fn candidates(session: &mut Session<'_, '_>, template: &str) -> Result<(Vec<Candidate>, bool)> {
    let remember = session.first(SEES_ALL, &[], |row| row.required::<bool>(1))? == Some(true);
    let marked = if remember {
        session.all(TAKE_MARKS, &[template.into()], |row| row.required::<i64>(1))?
    } else {
        Vec::new()
    };
    let query = format!(
        "SELECT t.id, t.name, t.schema, s.fingerprint FROM tenancy.tenant t \
         LEFT JOIN tenancy.shape s ON s.tenant_id = t.id AND s.watch = ({WATCH}) AND t.id <> ALL ($2) AND to_regnamespace(quote_ident(t.schema)) IS NOT NULL \
           AND NOT EXISTS (SELECT FROM tenancy.schema_change c WHERE c.tenant_id = t.id) \
         WHERE t.template = $1 AND t.dropped_at IS NULL AND t.status <> 'registered' AND t.node = 'local' ORDER BY t.id"
    );
    let candidates = session.all(&query, &[template.into(), marked.into()], |row| {
        Ok(Candidate {
            id: row.required(1)?,
            name: row.required(2)?,
            schema: row.required(3)?,
            fingerprint: row.get(4)?,
        })
    })?;
    Ok((candidates, remember))
}

/// Where one tenant differs; reads its schema when that is not known, or not known to others.
fn differences(
    expected: &Shape,
    tenant: &Candidate,
    kinds: &mut HashMap<String, Vec<Row>>,
    remember: bool,
) -> Result<Vec<Row>> {
    if let Some(rows) = tenant.fingerprint.as_ref().and_then(|known| kinds.get(known)) {
        return Ok(rows.clone());
    }
    let (shape, fingerprint) = match subtransaction::attempt(|| clone::shape(&tenant.schema)) {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => return unreadable(tenant, &error.message, remember),
        Err(message) => return unreadable(tenant, &message, remember),
    };
    if remember {
        sql::as_registry(|s| shapes::remember(s, tenant.id, &fingerprint))?;
    }
    let rows = kinds.entry(fingerprint).or_insert_with(|| expected.differences(&shape));
    Ok(rows.clone())
}

fn unreadable(tenant: &Candidate, reason: &str, remember: bool) -> Result<Vec<Row>> {
    if remember {
        sql::as_registry(|s| shapes::forget(s, tenant.id))?;
    }
    Ok(vec![("schema".to_owned(), "unreadable", None, Some(reason.to_owned()))])
}
