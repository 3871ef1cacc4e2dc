-- Views, the youngest first: none depends on a younger one but by CREATE OR REPLACE. $1 schema, $2 how many.
SELECT d.classid, d.objid, format('DROP %s IF EXISTS %s CASCADE', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, c.oid::regclass)
FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = $1 AND d.deptype = 'n' AND d.classid = 'pg_class'::regclass AND c.relkind IN ('v', 'm')
ORDER BY c.oid DESC LIMIT $2
