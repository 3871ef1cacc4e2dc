//! Owner and grants of what is created in a tenant's schema, by whomever.

use crate::ffi::event_trigger;
use crate::sql;
use tenancy_core::Result;

/// The statements that put right what the DDL command that just ended made in a tenant's schema
/// under another owner. Members of extensions keep theirs; an owned sequence follows its table, but
/// for its grants, and a multirange its range from version 17 on. The sub-queries in place of joins make PostgreSQL go by index: most commands
/// have nothing to do with a tenant, and those who run them should not notice.
const STATEMENTS: &str = "
WITH made AS (
  SELECT c.classid, c.objid, c.object_type, t.role, t.owner,
    CASE c.object_type WHEN 'operator' THEN c.objid::regoperator::text ELSE c.object_identity END AS identity,
    (SELECT true FROM pg_depend d WHERE c.object_type = 'sequence' AND d.classid = c.classid AND d.objid = c.objid
       AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1) IS NOT NULL AS owned
  FROM pg_event_trigger_ddl_commands() c,
    LATERAL (SELECT role, owner FROM tenancy.tenant WHERE schema = c.schema_name OFFSET 0) t
  WHERE NOT c.in_extension
    AND (SELECT true FROM pg_shdepend o WHERE o.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND o.classid = c.classid AND o.objid = c.objid AND o.objsubid = 0
           AND o.deptype = 'o' AND o.refobjid = t.owner::regrole LIMIT 1) IS NULL
), sequences AS (
  SELECT d.objid::regclass::text AS identity, made.role FROM made
  JOIN pg_depend d ON d.refclassid = made.classid AND d.refobjid = made.objid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
  JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  WHERE made.classid = 'pg_class'::regclass
), kinds (object_type, word, grants) AS (VALUES
  ('table', 'TABLE', 'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE'),
  ('foreign table', 'FOREIGN TABLE', 'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE'),
  ('view', 'VIEW', 'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE'),
  ('materialized view', 'MATERIALIZED VIEW', 'GRANT SELECT ON TABLE'),
  ('sequence', 'SEQUENCE', 'GRANT USAGE, SELECT, UPDATE ON SEQUENCE'),
  ('function', 'ROUTINE', 'GRANT EXECUTE ON ROUTINE'),
  ('procedure', 'ROUTINE', 'GRANT EXECUTE ON ROUTINE'),
  ('aggregate', 'ROUTINE', 'GRANT EXECUTE ON ROUTINE'),
  ('type', 'TYPE', NULL), ('domain', 'DOMAIN', NULL), ('operator', 'OPERATOR', NULL),
  ('operator class', 'OPERATOR CLASS', NULL), ('operator family', 'OPERATOR FAMILY', NULL),
  ('collation', 'COLLATION', NULL), ('conversion', 'CONVERSION', NULL),
  ('statistics object', 'STATISTICS', NULL),
  ('text search dictionary', 'TEXT SEARCH DICTIONARY', NULL),
  ('text search configuration', 'TEXT SEARCH CONFIGURATION', NULL))
SELECT DISTINCT s.place, s.statement FROM made JOIN kinds USING (object_type),
  LATERAL (VALUES
    (1, CASE WHEN NOT owned THEN format('ALTER %s %s OWNER TO %I', word, identity, owner) END),
    (2, CASE WHEN word = 'ROUTINE' THEN format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', identity) END),
    (2, CASE WHEN $1 AND word = 'VIEW' THEN format('ALTER VIEW %s SET (security_invoker = true)', identity) END),
    (3, grants || format(' %s TO %I', identity, role))) AS s (place, statement)
WHERE s.statement IS NOT NULL
UNION SELECT 3, format('GRANT USAGE, SELECT, UPDATE ON SEQUENCE %s TO %I', identity, role) FROM sequences
UNION SELECT 1, format('ALTER TYPE %s OWNER TO %I', r.rngmultitypid::regtype, owner)
  FROM made JOIN pg_range r ON classid = 'pg_type'::regclass AND r.rngtypid = objid
  WHERE current_setting('server_version_num')::int < 170000
ORDER BY 1";

/// Gives what the DDL command that just ended made in a tenant's schema to the tenant's owner role,
/// and grants the tenant role its use. Only inside the event trigger.
///
/// `by_member` says that the tenant's own role made it: its views go on reading with the rights of
/// who asks, as its other queries do.
pub fn settle_new_objects(by_member: bool) -> Result<()> {
    let _quiet = event_trigger::pause();
    sql::as_superuser(|session| {
        for statement in
            session.kept(STATEMENTS, &[by_member.into()], |row| row.required::<String>(2))?
        {
            session.execute(&statement, &[])?;
        }
        Ok(())
    })
}
