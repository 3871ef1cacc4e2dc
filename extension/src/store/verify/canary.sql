-- Statements for the tenant's role that read no row and call nothing. $1 schema, $2 tenant role, $3 its
-- tenant. First what it must be able to do, then what must be denied: a look into its neighbours.
SELECT true, format('SELECT FROM %I.%I WHERE false', $1, c.relname), pg_describe_object('pg_class'::regclass, c.oid, 0)
FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = (SELECT oid FROM pg_namespace WHERE nspname = $1)
  AND d.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'v', 'm') AND has_table_privilege($2, c.oid, 'SELECT')
UNION ALL
SELECT false, format('SELECT FROM %I.%I WHERE false', n.schema, coalesce(r.relname, 'tenancy_canary')), format('a table of tenant %s', n.name)
FROM ((SELECT schema, name FROM tenancy.tenant WHERE id < $3 AND status IN ('active', 'suspended') ORDER BY id DESC LIMIT 1)
  UNION ALL (SELECT schema, name FROM tenancy.tenant WHERE id > $3 AND status IN ('active', 'suspended') ORDER BY id LIMIT 1)) AS n,
  LATERAL (SELECT (SELECT c.relname FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
    WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace(quote_ident(n.schema)) AND d.classid = 'pg_class'::regclass
      AND c.relkind = 'r' LIMIT 1)) AS r (relname)
