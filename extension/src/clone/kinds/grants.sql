-- What the tenants' group (of a tenant's schema: its role) may do, where the template says so, is what
-- the tenant's role may do in the copy; types that PUBLIC may not use are the role's to use.
SELECT 'pg_class'::regclass::oid, c.oid, 500, true,
  concat_ws('; ',
    CASE WHEN g.all_columns IS NOT NULL THEN format('REVOKE ALL ON %s %I FROM %s; GRANT %s ON %1$s %2$I TO %3$s', k.word, c.relname, $5, g.all_columns)
      ELSE format('REVOKE ALL ON %s %I FROM %s', k.word, c.relname, $5) END,
    g.columns)
FROM pg_class c, LATERAL (SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END) AS k (word),
  LATERAL (SELECT
    (SELECT string_agg(x.privilege_type, ', ') FROM aclexplode(c.relacl) x WHERE x.grantee = $6) AS all_columns,
    (SELECT string_agg(format('GRANT %s (%I) ON %I TO %s', x.privilege_type, a.attname, c.relname, $5), '; ')
     FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND x.grantee = $6) AS columns) g
WHERE c.oid IN (@members(pg_class)@) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND (g.all_columns IS NOT NULL OR g.columns IS NOT NULL)
UNION ALL
SELECT 'pg_type'::regclass::oid, t.oid, 500, true, format('REVOKE ALL ON TYPE %1$I FROM PUBLIC; GRANT USAGE ON TYPE %1$I TO %2$s', t.typname, $5)
FROM pg_type t
WHERE t.oid IN (@members(pg_type)@) AND t.typisdefined AND t.typacl IS NOT NULL AND t.typtype IN ('b', 'c', 'd', 'e', 'r')
  AND NOT EXISTS (SELECT FROM aclexplode(t.typacl) x WHERE x.grantee = 0)
