-- One row per flaw of a tenant: check, what is wrong. $1 schema, $2 tenant role, $3 owner role. Whatever
-- is found here would be a hole in the wall. Everything goes by index from the schema and the two
-- roles: the size of the fleet does not matter.
WITH ids AS MATERIALIZED (
  SELECT (SELECT oid FROM pg_namespace WHERE nspname = $1) AS schema,
    (SELECT oid FROM pg_roles WHERE rolname = $2) AS role, (SELECT oid FROM pg_roles WHERE rolname = $3) AS owner,
    (SELECT oid FROM pg_database WHERE datname = current_database()) AS database
), members AS MATERIALIZED (
  SELECT d.classid, d.objid,
    -- Members of extensions, and the constructors that come with a range type.
    EXISTS (SELECT FROM pg_depend x WHERE x.classid = d.classid AND x.objid = d.objid
      AND (x.deptype = 'e' OR x.deptype = 'i' AND x.classid = 'pg_proc'::regclass)) AS is_exempt
  FROM ids, pg_depend d
  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = ids.schema AND d.deptype = 'n'
), granted (classid, objid, objsubid, keeper, is_type, allowed, acl) AS (
  SELECT m.classid, m.objid, 0, 0::oid, false,
    CASE c.relkind WHEN 'S' THEN '{USAGE,SELECT,UPDATE}'::text[] ELSE '{SELECT,INSERT,UPDATE,DELETE}' END, c.relacl
  FROM members m JOIN pg_class c ON c.oid = m.objid WHERE m.classid = 'pg_class'::regclass AND NOT m.is_exempt AND c.relacl IS NOT NULL
  UNION ALL
  SELECT m.classid, m.objid, a.attnum, 0, false, '{SELECT,INSERT,UPDATE}', a.attacl
  FROM members m JOIN pg_attribute a ON a.attrelid = m.objid
  WHERE m.classid = 'pg_class'::regclass AND NOT m.is_exempt AND a.attnum > 0 AND NOT a.attisdropped AND a.attacl IS NOT NULL
  UNION ALL
  SELECT m.classid, m.objid, 0, p.proowner, false, '{EXECUTE}', coalesce(p.proacl, acldefault('f', p.proowner))
  FROM members m JOIN pg_proc p ON p.oid = m.objid WHERE m.classid = 'pg_proc'::regclass AND NOT m.is_exempt
  UNION ALL
  SELECT m.classid, m.objid, 0, t.typowner, true, '{USAGE}', t.typacl
  FROM members m JOIN pg_type t ON t.oid = m.objid WHERE m.classid = 'pg_type'::regclass AND NOT m.is_exempt AND t.typacl IS NOT NULL
), defaults (oid) AS MATERIALIZED (
  SELECT a.oid FROM ids JOIN pg_default_acl a ON a.defaclrole = ids.owner
  UNION
  SELECT d.objid FROM ids JOIN pg_depend d ON d.classid = 'pg_default_acl'::regclass
    AND d.refclassid = 'pg_namespace'::regclass AND d.refobjid = ids.schema
), elsewhere AS (
  SELECT s.classid, s.objid, s.deptype, s.refobjid AS by
  FROM ids JOIN pg_shdepend s ON s.refclassid = 'pg_authid'::regclass AND s.refobjid IN (ids.role, ids.owner) AND s.dbid = ids.database
  WHERE s.deptype IN ('a', 'o') AND NOT (s.classid = 'pg_namespace'::regclass AND s.objid = ids.schema)
    AND (s.classid, s.objid) NOT IN (SELECT classid, objid FROM members)
)
SELECT 'schema', format('schema %I does not exist or is not owned by %I', $1, $3)
FROM ids WHERE NOT EXISTS (SELECT FROM pg_namespace n WHERE n.oid = ids.schema AND n.nspowner = ids.owner)
UNION ALL
SELECT 'schema', format('schema %I may be used by %s', $1, coalesce((SELECT quote_ident(rolname) FROM pg_roles WHERE oid = a.grantee), 'PUBLIC'))
FROM ids JOIN pg_namespace n ON n.oid = ids.schema, aclexplode(n.nspacl) a
WHERE NOT (a.grantee = coalesce(ids.owner, 0) AND a.grantee <> 0 OR a.grantee = ids.role AND a.privilege_type = 'USAGE' AND NOT a.is_grantable)
UNION ALL
SELECT 'schema', format('role %I may not use schema %I', $2, $1)
FROM ids WHERE NOT coalesce(has_schema_privilege(ids.role, ids.schema, 'USAGE'), false)
UNION ALL
SELECT 'roles', format('role %I is missing, can log in or is privileged', r)
FROM unnest(ARRAY[$2, $3]) AS r
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r
  AND NOT (rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls))
UNION ALL
SELECT 'roles', format('role %s is a member of %I', m.member::regrole, g.rolname)
FROM ids JOIN pg_auth_members m ON m.member IN (ids.role, ids.owner) JOIN pg_roles g ON g.oid = m.roleid WHERE g.rolname <> 'tenancy_tenant'
UNION ALL
SELECT 'roles', format('role %I is not a member of tenancy_tenant', r)
FROM unnest(ARRAY[$2, $3]) AS r JOIN pg_roles p ON p.rolname = r
WHERE NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = p.oid AND g.rolname = 'tenancy_tenant')
UNION ALL
SELECT 'roles', format('role %s has the member %s', m.roleid::regrole, m.member::regrole)
FROM ids JOIN pg_auth_members m ON m.roleid IN (ids.role, ids.owner)
UNION ALL
SELECT 'owners', format('%s is not owned by %I', pg_describe_object(m.classid, m.objid, 0), $3)
FROM ids, members m
WHERE NOT m.is_exempt AND m.classid NOT IN ('pg_ts_parser'::regclass, 'pg_ts_template'::regclass, 'pg_default_acl'::regclass)
  AND NOT EXISTS (SELECT FROM pg_shdepend s WHERE s.dbid = ids.database AND s.classid = m.classid AND s.objid = m.objid AND s.objsubid = 0
                    AND s.deptype = 'o' AND s.refobjid = ids.owner)
  -- The superuser's by design: functions that can do anything, and types made of them.
  AND NOT (m.classid = 'pg_proc'::regclass AND EXISTS (SELECT FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang JOIN pg_roles o ON o.oid = p.proowner
                    WHERE p.oid = m.objid AND NOT l.lanpltrusted AND o.rolsuper))
  AND NOT (m.classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type t JOIN pg_roles o ON o.oid = t.typowner
                    WHERE t.oid = m.objid AND t.typtype IN ('b', 'p') AND o.rolsuper))
UNION ALL
SELECT 'grants', format('%s: %s%s granted to %s', pg_describe_object(g.classid, g.objid, g.objsubid), x.privilege_type,
  CASE WHEN x.is_grantable THEN ' with grant option' END, coalesce((SELECT quote_ident(rolname) FROM pg_roles WHERE oid = x.grantee), 'PUBLIC'))
FROM ids, granted g, aclexplode(g.acl) x
WHERE x.grantee IS DISTINCT FROM ids.owner AND (x.grantee <> g.keeper OR x.grantee = 0) AND NOT (g.is_type AND x.grantee = 0)
  AND (x.grantee IS DISTINCT FROM ids.role OR x.is_grantable OR x.privilege_type <> ALL (g.allowed))
UNION ALL
SELECT 'grants', format('what role %s creates in the schema is granted to %s', a.defaclrole::regrole,
  coalesce((SELECT quote_ident(rolname) FROM pg_roles WHERE oid = x.grantee), 'PUBLIC'))
FROM ids, defaults JOIN pg_default_acl a ON a.oid = defaults.oid, aclexplode(a.defaclacl) x
WHERE x.grantee NOT IN (ids.owner, ids.role) AND NOT (a.defaclobjtype = 'T' AND x.grantee = 0)
UNION ALL
SELECT 'reach', format('role %s %s %s', e.by::regrole, CASE e.deptype WHEN 'o' THEN 'owns' ELSE 'is granted' END, pg_describe_object(e.classid, e.objid, 0))
FROM ids, elsewhere e
WHERE EXISTS (SELECT FROM pg_depend d JOIN pg_namespace n ON n.oid = d.refobjid JOIN tenancy.tenant t ON t.schema = n.nspname
    WHERE d.classid = e.classid AND d.objid = e.objid AND d.refclassid = 'pg_namespace'::regclass AND d.refobjid <> ids.schema)
  OR e.classid = 'pg_namespace'::regclass AND EXISTS (SELECT FROM pg_namespace n JOIN tenancy.tenant t ON t.schema = n.nspname WHERE n.oid = e.objid)
