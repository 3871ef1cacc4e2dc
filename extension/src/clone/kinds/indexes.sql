-- Indexes but those of constraints.
SELECT 'pg_class'::regclass::oid, c.oid, 0, false, pg_get_indexdef(c.oid, 0, true)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid IN (@members(pg_class)@)
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = i.indrelid AND k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 'pg_class'::regclass::oid, c.oid, 1, false, format('ALTER INDEX %s ATTACH PARTITION %I', @relation(h.inhparent)@, c.relname)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_inherits h ON h.inhrelid = c.oid
WHERE i.indrelid IN (@members(pg_class)@)
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = i.indrelid AND k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 'pg_class'::regclass::oid, c.oid, 2, false, format('ALTER INDEX %I %s', c.relname, string_agg(format('ALTER COLUMN %s SET STATISTICS %s', a.attnum, a.attstattarget), ', ' ORDER BY a.attnum))
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_attribute a ON a.attrelid = c.oid
WHERE i.indrelid IN (@members(pg_class)@) AND a.attstattarget >= 0
GROUP BY c.oid, c.relname
UNION ALL
SELECT 'pg_class'::regclass::oid, c.oid, 3, false,
  format('ALTER %s %I %s', CASE t.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, t.relname, concat_ws(', ', CASE WHEN i.indisclustered THEN format('CLUSTER ON %I', c.relname) END,
    CASE WHEN i.indisreplident THEN format('REPLICA IDENTITY USING INDEX %I', c.relname) END))
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
WHERE i.indrelid IN (@members(pg_class)@) AND (i.indisclustered OR i.indisreplident)
UNION ALL
-- An index keeps the name that a column had when it was made. Where another column has that name now, it gets today's.
SELECT 'pg_class'::regclass::oid, c.oid, 501, false,
  string_agg(format('ALTER TABLE %I RENAME COLUMN %I TO %I', c.relname, k.attname, a.attname), '; ' ORDER BY a.attnum)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_attribute a ON a.attrelid = c.oid
  JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = i.indkey[a.attnum - 1]
WHERE i.indrelid IN (@members(pg_class)@) AND c.relkind = 'i' AND NOT c.relispartition AND k.attname <> a.attname
GROUP BY c.oid, c.relname
HAVING NOT EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = ANY (array_agg(k.attname)))
  AND count(DISTINCT k.attname) = count(*)
