//! Fingerprints of tenants' schemas, remembered while event triggers watch over DDL.

use crate::sql::Session;
use tenancy_core::Result;

/// What the event triggers are at present; nothing while one of them is not there or is off.
pub const WATCH: &str = "SELECT string_agg(format('%s/%s', e.oid, e.xmin), ' ' ORDER BY e.oid) FROM pg_event_trigger e \
    WHERE e.evtname IN ('tenancy_watch_ddl', 'tenancy_watch_drop') AND e.evtenabled = 'A' HAVING count(*) = 2";

/// Remembers the fingerprint of a tenant that was just read, or made.
pub fn remember(session: &mut Session<'_, '_>, tenant: i64, fingerprint: &str) -> Result<()> {
    let note = format!(
        "INSERT INTO tenancy.shape (tenant_id, fingerprint, watch) SELECT $1, $2, watch FROM ({WATCH}) AS w (watch) \
         ON CONFLICT (tenant_id) DO UPDATE SET fingerprint = excluded.fingerprint, watch = excluded.watch"
    );
    session.execute(&note, &[tenant.into(), fingerprint.into()]).map(drop)
}

/// Forgets what was read of a tenant.
pub fn forget(session: &mut Session<'_, '_>, tenant: i64) -> Result<()> {
    let statement = "DELETE FROM tenancy.shape WHERE tenant_id = $1";
    session.execute(statement, &[tenant.into()]).map(drop)
}
