-- Tables, those first that others do not inherit from: a parent takes its children along. $1 schema,
-- $2 how many.
SELECT d.classid, d.objid, format('DROP %s IF EXISTS %s CASCADE', CASE c.relkind WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, c.oid::regclass)
FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = $1 AND d.deptype = 'n' AND d.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'f')
ORDER BY EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid), c.oid DESC LIMIT $2
