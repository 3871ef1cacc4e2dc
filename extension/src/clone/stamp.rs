//! Whether a schema is as it was when it was last read: a sum over the transactions that wrote the
//! rows of its objects. Any DDL changes it, whoever did it and whatever was switched off meanwhile;
//! it may change without DDL (a catalog that was rewritten), which costs a second reading.

use super::kinds::expand;
use crate::ffi::Oid;
use crate::sql::Session;
use tenancy_core::Result;

const STAMP: &str = "
WITH c (oid) AS MATERIALIZED (@members(pg_class)@), t (oid) AS MATERIALIZED (@members(pg_type)@), p (oid) AS MATERIALIZED (@members(pg_proc)@),
  i (oid) AS MATERIALIZED (SELECT indexrelid FROM pg_index WHERE indrelid IN (SELECT oid FROM c)),
  rows (xmin, ctid) AS (
    SELECT xmin, ctid FROM pg_class WHERE oid IN (SELECT oid FROM c) UNION ALL
    SELECT xmin, ctid FROM pg_class WHERE oid IN (SELECT oid FROM i) UNION ALL
    SELECT xmin, ctid FROM pg_index WHERE indexrelid IN (SELECT oid FROM i) UNION ALL
    SELECT xmin, ctid FROM pg_attribute WHERE attrelid IN (SELECT oid FROM c) UNION ALL
    SELECT xmin, ctid FROM pg_attribute WHERE attrelid IN (SELECT oid FROM i) UNION ALL
    SELECT a.xmin, a.ctid FROM pg_attribute a JOIN pg_type y ON y.typrelid = a.attrelid WHERE y.oid IN (SELECT oid FROM t) UNION ALL
    SELECT xmin, ctid FROM pg_attrdef WHERE adrelid IN (SELECT oid FROM c) UNION ALL
    SELECT xmin, ctid FROM pg_constraint WHERE conrelid IN (SELECT oid FROM c) UNION ALL
    SELECT xmin, ctid FROM pg_constraint WHERE contypid IN (SELECT oid FROM t) UNION ALL
    SELECT xmin, ctid FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM c) AND NOT tgisinternal UNION ALL
    SELECT xmin, ctid FROM pg_rewrite WHERE ev_class IN (SELECT oid FROM c) UNION ALL
    SELECT xmin, ctid FROM pg_policy WHERE polrelid IN (SELECT oid FROM c) UNION ALL
    SELECT xmin, ctid FROM pg_inherits WHERE inhrelid IN (SELECT oid FROM c UNION ALL SELECT oid FROM i) UNION ALL
    SELECT xmin, ctid FROM pg_sequence WHERE seqrelid IN (SELECT oid FROM c) UNION ALL
    SELECT xmin, ctid FROM pg_foreign_table WHERE ftrelid IN (SELECT oid FROM c) UNION ALL
    SELECT xmin, ctid FROM pg_publication_rel WHERE prrelid IN (SELECT oid FROM c) UNION ALL
    SELECT xmin, ctid FROM pg_publication_namespace WHERE pnnspid = $1 UNION ALL
    SELECT xmin, ctid FROM pg_type WHERE oid IN (SELECT oid FROM t) UNION ALL
    SELECT xmin, ctid FROM pg_enum WHERE enumtypid IN (SELECT oid FROM t) UNION ALL
    SELECT xmin, ctid FROM pg_range WHERE rngtypid IN (SELECT oid FROM t) UNION ALL
    SELECT xmin, ctid FROM pg_proc WHERE oid IN (SELECT oid FROM p) UNION ALL
    SELECT xmin, ctid FROM pg_aggregate WHERE aggfnoid IN (SELECT oid FROM p) UNION ALL
    SELECT xmin, ctid FROM pg_operator WHERE oid IN (@members(pg_operator)@) UNION ALL
    SELECT k.xmin, k.ctid FROM pg_cast k WHERE k.oid IN (SELECT d.objid FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass
      AND d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT oid FROM t)) UNION ALL
    SELECT xmin, ctid FROM pg_opclass WHERE oid IN (@members(pg_opclass)@) UNION ALL
    SELECT xmin, ctid FROM pg_collation WHERE oid IN (@members(pg_collation)@) UNION ALL
    SELECT xmin, ctid FROM pg_statistic_ext WHERE oid IN (@members(pg_statistic_ext)@) UNION ALL
    SELECT xmin, ctid FROM pg_ts_dict WHERE oid IN (@members(pg_ts_dict)@) UNION ALL
    SELECT xmin, ctid FROM pg_ts_config_map WHERE mapcfg IN (@members(pg_ts_config)@) UNION ALL
    SELECT d.xmin, d.ctid FROM pg_description d, (SELECT 1259::oid, oid FROM c UNION ALL SELECT 1259, oid FROM i UNION ALL SELECT 1247, oid FROM t
      UNION ALL SELECT 1255, oid FROM p UNION ALL SELECT 2615, $1) AS o (class, oid) WHERE d.classoid = o.class AND d.objoid = o.oid UNION ALL
    SELECT xmin, ctid FROM pg_namespace WHERE oid = $1 UNION ALL
    SELECT xmin, ctid FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = $1
  )
SELECT count(*) || ' ' || coalesce(sum(hashint8extended(xmin::text::bigint, hashtid(ctid)))::text, '') FROM rows";

/// The stamp of a schema; of one that is not there, another than any.
pub fn stamp(session: &Session<'_, '_>, schema: &str) -> Result<String> {
    let found = "SELECT oid FROM pg_namespace WHERE nspname = $1";
    let Some(oid) = session.first(found, &[schema.into()], |row| row.required::<Oid>(1))? else {
        return Ok(String::new());
    };
    session.by_index()?;
    session
        .first(&expand(STAMP), &[oid.into()], |row| row.required(1))?
        .ok_or_else(|| crate::sql::broken("a sum without a row"))
}
