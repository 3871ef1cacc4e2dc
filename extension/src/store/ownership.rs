//! Owner and grants of what is created in a tenant's schema, by whomever.

use super::sql;
use crate::ffi::event_trigger;
use tenancy_core::Result;

/// The statements that put right what the DDL command that just ended made in a tenant's schema
/// under another owner. Members of extensions keep theirs; an owned sequence, an index and the like
/// follow their table.
const STATEMENTS: &str = "
WITH made AS (
  SELECT c.object_type, c.object_identity, t.role, t.owner
  FROM pg_event_trigger_ddl_commands() c JOIN tenancy.tenant t ON t.schema = c.schema_name
  WHERE NOT c.in_extension
    AND NOT EXISTS (SELECT FROM pg_shdepend o WHERE o.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND o.classid = c.classid AND o.objid = c.objid AND o.objsubid = 0
                    AND o.deptype = 'o' AND o.refobjid = t.owner::regrole)
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE c.object_type = 'sequence' AND d.classid = c.classid
                    AND d.objid = c.objid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
), kinds (object_type, word, grants) AS (VALUES
  ('table', 'TABLE', 'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE'),
  ('foreign table', 'FOREIGN TABLE', 'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE'),
  ('view', 'VIEW', 'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE'),
  ('materialized view', 'MATERIALIZED VIEW', 'GRANT SELECT ON TABLE'),
  ('sequence', 'SEQUENCE', 'GRANT USAGE, SELECT, UPDATE ON SEQUENCE'),
  ('function', 'FUNCTION', 'GRANT EXECUTE ON FUNCTION'),
  ('procedure', 'PROCEDURE', 'GRANT EXECUTE ON PROCEDURE'),
  ('aggregate', 'AGGREGATE', 'GRANT EXECUTE ON FUNCTION'),
  ('type', 'TYPE', NULL), ('domain', 'DOMAIN', NULL), ('operator', 'OPERATOR', NULL),
  ('operator class', 'OPERATOR CLASS', NULL), ('operator family', 'OPERATOR FAMILY', NULL),
  ('collation', 'COLLATION', NULL), ('conversion', 'CONVERSION', NULL),
  ('statistics object', 'STATISTICS', NULL),
  ('text search dictionary', 'TEXT SEARCH DICTIONARY', NULL),
  ('text search configuration', 'TEXT SEARCH CONFIGURATION', NULL))
SELECT DISTINCT s.place, s.statement FROM made JOIN kinds USING (object_type),
  LATERAL (VALUES
    (1, format('ALTER %s %s OWNER TO %I', word, object_identity, owner)),
    (2, CASE WHEN grants ~ 'EXECUTE'
        THEN format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', object_identity) END),
    (3, grants || format(' %s TO %I', object_identity, role))) AS s (place, statement)
WHERE s.statement IS NOT NULL ORDER BY s.place";

/// Gives what the DDL command that just ended made in a tenant's schema to the tenant's owner role,
/// and grants the tenant role its use. Only inside the event trigger.
pub fn settle_new_objects() -> Result<()> {
    let _quiet = event_trigger::pause();
    sql::as_superuser(|session| {
        for statement in session.rows(STATEMENTS, &[], |row| row.required::<String>(2))? {
            session.execute(&statement, &[])?;
        }
        Ok(())
    })
}
