-- What the tenant's role lacks of what it should have, or has beyond it: object by object. $1 schema,
-- $2 tenant role, $3 the template's schema or NULL. Where the template grants the tenants' group
-- something by itself, that is what the role should have.
WITH members AS MATERIALIZED (
  SELECT d.classid, d.objid FROM pg_depend d
  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND d.deptype = 'n'
    AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = d.classid AND x.objid = d.objid AND x.deptype = 'e')
), relations AS (
  SELECT c.oid, c.relkind,
    (SELECT ARRAY(SELECT x.privilege_type FROM aclexplode(o.relacl) x WHERE x.grantee = 'tenancy_tenant'::regrole)
     FROM pg_class o WHERE o.relname = c.relname AND o.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $3)
       AND (EXISTS (SELECT FROM aclexplode(o.relacl) x WHERE x.grantee = 'tenancy_tenant'::regrole)
         OR EXISTS (SELECT FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = o.oid AND x.grantee = 'tenancy_tenant'::regrole))) AS by_template
  FROM members m JOIN pg_class c ON c.oid = m.objid
  WHERE m.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
), designed AS (
  SELECT oid, coalesce(by_template, CASE relkind WHEN 'S' THEN '{USAGE,SELECT,UPDATE}'::text[] WHEN 'm' THEN '{SELECT}'
      ELSE '{SELECT,INSERT,UPDATE,DELETE}' END) AS due,
    ARRAY(SELECT x.privilege_type FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid = r.oid
      AND x.grantee = (SELECT oid FROM pg_roles WHERE rolname = $2) AND NOT (r.relkind = 'm' AND x.privilege_type <> 'SELECT')) AS has
  FROM relations r
)
SELECT format('%s: %s is %s', pg_describe_object('pg_class'::regclass, oid, 0), p, CASE WHEN p = ANY (due) THEN 'missing' ELSE 'too much' END)
FROM designed, LATERAL (SELECT p FROM unnest(due || has) AS u (p) GROUP BY p) AS u
WHERE (p = ANY (due)) IS DISTINCT FROM (p = ANY (has))
UNION ALL
SELECT format('%s: EXECUTE is missing', pg_describe_object('pg_proc'::regclass, p.oid, 0))
FROM members m JOIN pg_proc p ON p.oid = m.objid JOIN pg_language l ON l.oid = p.prolang
WHERE m.classid = 'pg_proc'::regclass AND l.lanpltrusted AND NOT has_function_privilege($2, p.oid, 'EXECUTE')
