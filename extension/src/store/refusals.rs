//! Writing refusals into the audit trail: what the worker does, in a transaction of its own. In a
//! database where the extension is gone there is nothing to write to.

use crate::ffi::backend;
use crate::ffi::catalog;
use crate::shared::{self, Refusal};
use crate::sql::{self, Session};
use tenancy_core::Result;

/// Nobody waits for the worker, and it waits for nobody for long: it gives way before deadlock_timeout
/// has PostgreSQL choose a victim, which might be a DROP EXTENSION.
const SETTINGS: &str = "SELECT set_config('lock_timeout', '500ms', true), set_config('synchronous_commit', 'off', true)";

const INSERT: &str = "
INSERT INTO tenancy.audit (at, actor, action, tenant_id, object, detail)
VALUES ('2000-01-01 00:00:00+00'::timestamptz + $1 * interval '1 microsecond', $2, 'refused', nullif($3, 0), $4,
        jsonb_build_object('sqlstate', $5, 'count', $6))";

/// Writes what waits; whether there was anything. `last`: also what was only counted.
pub fn write_refusals(last: bool) -> Result<bool> {
    let mut refusals = shared::take_refusals();
    if last {
        refusals.extend(shared::take_sums().into_iter().map(sum));
    }
    if refusals.is_empty() || catalog::relation(c"audit").is_err() {
        return Ok(false);
    }
    sql::as_superuser(|session| {
        session.rows(SETTINGS, &[], |_| Ok(()))?;
        refusals.iter().try_for_each(|refusal| insert(session, refusal))
    })?;
    refusals.iter().for_each(|r| shared::count_audited(r.tenant, r.count));
    Ok(true)
}

/// A row for what was too much for rows of its own.
fn sum((tenant, count): (i64, u64)) -> Refusal {
    shared::count_unaudited(tenant, count);
    Refusal {
        at: backend::now(),
        tenant,
        count,
        code: "42501".to_owned(),
        login: String::new(),
        subject: "more refusals than the audit trail takes in a minute".to_owned(),
    }
}

fn insert(session: &mut Session<'_, '_>, refusal: &Refusal) -> Result<()> {
    let count = i64::try_from(refusal.count).unwrap_or(i64::MAX);
    session.execute(
        INSERT,
        &[
            refusal.at.into(),
            refusal.login.as_str().into(),
            refusal.tenant.into(),
            refusal.subject.as_str().into(),
            refusal.code.as_str().into(),
            count.into(),
        ],
    )?;
    Ok(())
}
