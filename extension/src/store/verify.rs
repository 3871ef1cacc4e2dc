//! Whether a tenant is as designed: without this no tenant gets into service.
//! Every look is at what the schema holds: the size of the fleet does not matter.

use super::tenants::Locked;
use crate::sql;
use tenancy_core::{Error, Result, SqlState};

/// One row per flaw. A role that could log in, a schema that others may use, an object that is not
/// the owner role's: each would be a hole in the wall.
const FLAWS: &str = "
SELECT 'schema ' || quote_ident($1) || ' does not exist or is not owned by ' || quote_ident($3)
WHERE NOT EXISTS (SELECT FROM pg_namespace n JOIN pg_roles o ON o.oid = n.nspowner
                  WHERE n.nspname = $1 AND o.rolname = $3)
UNION ALL
SELECT 'role ' || quote_ident(r) || ' is missing, can log in or is privileged'
FROM unnest(ARRAY[$2, $3]) AS r
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r AND NOT (rolcanlogin OR rolsuper
                  OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls))
UNION ALL
SELECT 'role ' || quote_ident(r.rolname) || ' is a member of ' || quote_ident(g.rolname)
FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member JOIN pg_roles g ON g.oid = m.roleid
WHERE r.rolname IN ($2, $3) AND g.rolname <> 'tenancy_tenant'
UNION ALL
SELECT 'schema ' || quote_ident($1) || ' may be used by '
       || coalesce((SELECT quote_ident(rolname) FROM pg_roles WHERE oid = a.grantee), 'PUBLIC')
FROM pg_namespace n, aclexplode(n.nspacl) a
WHERE n.nspname = $1 AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = a.grantee
      AND (r.rolname = $3 OR r.rolname = $2 AND a.privilege_type = 'USAGE'))
UNION ALL
SELECT 'role ' || quote_ident($2) || ' may not use schema ' || quote_ident($1)
WHERE NOT has_schema_privilege($2, $1, 'USAGE')
UNION ALL
SELECT 'relation ' || quote_ident(c.relname) || ' is not owned by ' || quote_ident($3)
FROM pg_namespace n
  JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.classid = 'pg_class'::regclass
  JOIN pg_class c ON c.oid = d.objid JOIN pg_roles o ON o.oid = c.relowner
WHERE n.nspname = $1 AND o.rolname <> $3";

/// Refuses with 55000 when something is not as designed.
pub fn verify(tenant: &Locked) -> Result<()> {
    let names = &tenant.names;
    let arguments =
        [names.schema.as_str().into(), names.role.as_str().into(), names.owner.as_str().into()];
    let flaws = sql::as_superuser(|s| s.rows(FLAWS, &arguments, |row| row.required::<String>(1)))?;
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Error::new(SqlState::ObjectNotInPrerequisiteState, "the tenant is not as designed")
        .detail(flaws.join("\n"))
        .hint("Correct the template: it must not change owners or grants of the schema."))
}
