//! Whether anything of a copy leads back into its template, as the catalogs tell it. Looked at once for
//! each reading of a template: a script that made one copy right makes all others so.

use crate::sql::Session;
use tenancy_core::{Error, Result, SqlState};

// IS TRUE: looked up in a hash table, not joined, which without hash joins would be a loop over both.
const LEAK: &str = "
WITH RECURSIVE copy (classid, objid) AS (
  SELECT d.classid, d.objid FROM pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace(quote_ident($1))
  UNION
  SELECT d.classid, d.objid FROM copy c JOIN pg_depend d ON d.refclassid = c.classid AND d.refobjid = c.objid AND d.deptype IN ('i', 'a')
), template (classid, objid) AS (
  SELECT d.classid, d.objid FROM pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = $2
  UNION
  SELECT d.classid, d.objid FROM template c JOIN pg_depend d ON d.refclassid = c.classid AND d.refobjid = c.objid AND d.deptype IN ('i', 'a')
)
SELECT pg_describe_object(d.classid, d.objid, 0), pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
FROM copy c JOIN pg_depend d ON d.classid = c.classid AND d.objid = c.objid
WHERE ((d.refclassid, d.refobjid) IN (SELECT classid, objid FROM template)) IS TRUE
LIMIT 1";

/// Refuses a copy of which anything refers to the template.
pub fn require_none(
    session: &Session<'_, '_>,
    copy: &str,
    template: crate::ffi::Oid,
) -> Result<()> {
    session.by_index()?;
    let found = session.first(LEAK, &[copy.into(), template.into()], |row| {
        Ok((row.required::<String>(1)?, row.required::<String>(2)?))
    })?;
    let Some((object, target)) = found else { return Ok(()) };
    Err(Error::new(SqlState::FeatureNotSupported, format!("{object} cannot be copied"))
        .detail(format!("The copy would refer to {target} of the template."))
        .hint("Give what it refers to another name than the schema has."))
}
