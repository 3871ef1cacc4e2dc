//! What a DDL command means for tenants and spares, when it has ended.

use super::{ownership, spares};
use crate::sql::{self, Session};
use tenancy_core::Result;

/// Which schemas a command has touched, and whose they are. What lies in no schema itself goes by the
/// first part of its name, a cast by its types, a new publication by its members.
const TOUCHED: &str = "
SELECT n.schema, (SELECT t.id FROM tenancy.tenant t WHERE t.schema = n.schema)
FROM (
  SELECT coalesce(c.schema_name, (pg_identify_object_as_address(c.classid, c.objid, c.objsubid)).object_names[1]) AS schema
  FROM pg_event_trigger_ddl_commands() c WHERE c.classid <> 'pg_cast'::regclass
  UNION
  SELECT ns.nspname FROM pg_event_trigger_ddl_commands() c
    JOIN pg_cast k ON k.oid = c.objid JOIN pg_type y ON y.oid IN (k.castsource, k.casttarget)
    JOIN pg_namespace ns ON ns.oid = y.typnamespace
  WHERE c.classid = 'pg_cast'::regclass
  UNION
  SELECT ns.nspname FROM pg_event_trigger_ddl_commands() c
    JOIN pg_publication_rel p ON p.prpubid = c.objid JOIN pg_class r ON r.oid = p.prrelid
    JOIN pg_namespace ns ON ns.oid = r.relnamespace
  WHERE c.classid = 'pg_publication'::regclass
  UNION
  SELECT ns.nspname FROM pg_event_trigger_ddl_commands() c
    JOIN pg_publication_namespace p ON p.pnpubid = c.objid JOIN pg_namespace ns ON ns.oid = p.pnnspid
  WHERE c.classid = 'pg_publication'::regclass) AS n
WHERE n.schema IS NOT NULL";

/// The same for what a command has dropped.
const TOUCHED_BY_DROP: &str = "
SELECT n.schema, (SELECT t.id FROM tenancy.tenant t WHERE t.schema = n.schema)
FROM (
  SELECT coalesce(c.schema_name, c.address_names[1]) AS schema
  FROM pg_event_trigger_dropped_objects() c WHERE c.classid <> 'pg_cast'::regclass
  UNION
  SELECT (parse_ident(name, false))[1] FROM pg_event_trigger_dropped_objects() c, unnest(c.address_names || c.address_args) AS name
  WHERE c.classid = 'pg_cast'::regclass) AS n
WHERE n.schema IS NOT NULL";

/// One mark does for many changes, as long as it is locked: so nobody takes it away while a change is
/// not committed that it stands for too.
const MARK: &str = "
INSERT INTO tenancy.schema_change (tenant_id)
SELECT t FROM unnest($1) AS t
WHERE NOT EXISTS (SELECT FROM tenancy.schema_change c WHERE c.tenant_id = t FOR SHARE SKIP LOCKED)";

/// Notes what the DDL command that just ended has touched. `settling`: puts owner and grants right of
/// what it made, by the tenant's own role or not. Only inside the event triggers.
pub fn ddl_ended(by_drop: bool, settling: Option<bool>) -> Result<()> {
    let tenants = sql::as_registry(|s| {
        let (schemas, tenants) = touched(s, by_drop)?;
        spares::spoil(s, &schemas)?;
        mark(s, &tenants)?;
        Ok(tenants)
    })?;
    match settling {
        Some(by_member) if !by_drop && !tenants.is_empty() => {
            ownership::settle_new_objects(by_member)
        }
        _ => Ok(()),
    }
}

/// Notes the same, once, for all that a tenant's owner role has run with the event triggers paused: it
/// reaches no other schema.
pub fn migrated(session: &mut Session<'_, '_>, schema: &str, tenant: i64) -> Result<()> {
    spares::spoil(session, &[schema.to_owned()])?;
    mark(session, &[tenant])
}

fn touched(session: &mut Session<'_, '_>, by_drop: bool) -> Result<(Vec<String>, Vec<i64>)> {
    let query = if by_drop { TOUCHED_BY_DROP } else { TOUCHED };
    let found =
        session.kept(query, &[], |row| Ok((row.required::<String>(1)?, row.get::<i64>(2)?)))?;
    let tenants = found.iter().filter_map(|(_, tenant)| *tenant).collect();
    Ok((found.into_iter().map(|(schema, _)| schema).collect(), tenants))
}

fn mark(session: &mut Session<'_, '_>, tenants: &[i64]) -> Result<()> {
    if tenants.is_empty() {
        return Ok(());
    }
    session.kept(MARK, &[tenants.to_vec().into()], |_| Ok(())).map(drop)
}
