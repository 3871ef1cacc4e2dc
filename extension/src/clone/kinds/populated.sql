-- Rows of materialized views, once those of tables are there; in the order in which the views were made.
SELECT 'pg_class'::regclass::oid, c.oid, 2, false, format('REFRESH MATERIALIZED VIEW %I', c.relname)
FROM pg_class c
WHERE c.oid IN (@members(pg_class)@) AND c.relkind = 'm' AND c.relispopulated
ORDER BY c.oid
