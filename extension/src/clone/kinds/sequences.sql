-- Sequences but those of identity columns; part 1 ties a sequence to its column, once that is there.
SELECT 'pg_class'::regclass::oid, c.oid, 0, false,
  format('CREATE %sSEQUENCE %I AS %s START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s%s',
    CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' END, c.relname, format_type(s.seqtypid, NULL),
    s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' END)
FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid
WHERE c.oid IN (@members(pg_class)@)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i')
UNION ALL
SELECT 'pg_class'::regclass::oid, c.oid, 1, false,
  format('ALTER SEQUENCE %I OWNED BY %I.%I', c.relname, o.relname, a.attname)
FROM pg_class c
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a' AND d.refobjsubid > 0
  JOIN pg_class o ON o.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum = d.refobjsubid
WHERE c.oid IN (@members(pg_class)@) AND c.relkind = 'S'
