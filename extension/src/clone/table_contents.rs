//! The tables of a schema that hold rows, for those who copy them by themselves.

use super::kinds::expand;
use crate::ffi::Oid;
use crate::sql::Session;
use tenancy_core::Result;

/// A table's name, the columns that are written, whether all values have a binary form that another
/// schema reads, and how many bytes it takes.
pub type Contents = (String, Vec<String>, bool, i64);

/// The binary form of arrays, composites and ranges holds OIDs of their parts, and that of the reg
/// types is an OID: elsewhere these mean something else. An enumeration's is its label.
const TABLES: &str = "
SELECT c.relname::text, v.names, v.is_binary, pg_table_size(c.oid)
FROM pg_class c, LATERAL (
  SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names,
    bool_and(CASE WHEN t.typtype = 'e' THEN true
      WHEN t.oid >= 16384 THEN t.typtype = 'd' AND t.typbasetype < 16384 AND t.typbasetype::regtype::text !~ '^reg'
      ELSE t.typname !~ '^_?reg' AND t.typsend <> 0 AND t.typreceive <> 0 AND t.typtype <> 'c' END) AS is_binary
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') v
WHERE c.oid IN (@members(pg_class)@) AND c.relkind = 'r' AND pg_relation_size(c.oid) > 0 AND v.names IS NOT NULL
ORDER BY 4 DESC, 1";

/// The tables that hold rows, the largest first.
pub fn contents(session: &Session<'_, '_>, schema: Oid) -> Result<Vec<Contents>> {
    session.rows(&expand(TABLES), &[schema.into()], |row| {
        Ok((row.required(1)?, row.required(2)?, row.required(3)?, row.required(4)?))
    })
}
