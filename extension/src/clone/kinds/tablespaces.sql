-- Tablespaces; the tenant's owner has no right on them.
SELECT 'pg_class'::regclass::oid, c.oid, 502, true,
  format('ALTER %s %I SET TABLESPACE %I', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' ELSE 'TABLE' END, c.relname, s.spcname)
FROM pg_class c JOIN pg_tablespace s ON s.oid = c.reltablespace
WHERE c.relkind IN ('r', 'p', 'm') AND c.oid IN (@members(pg_class)@)
  OR c.relkind IN ('i', 'I') AND c.oid IN (SELECT x.indexrelid FROM pg_index x WHERE x.indrelid IN (@members(pg_class)@))
