-- Views and materialized views; these get their rows at the end.
SELECT 'pg_class'::regclass::oid, c.oid, 0, false,
  format('CREATE %sVIEW %I%s%s AS %s%s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' END, c.relname,
    (SELECT format(' USING %I', m.amname) FROM pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap'),
    @options(c)@, rtrim(pg_get_viewdef(c.oid, false), ';'), CASE c.relkind WHEN 'm' THEN ' WITH NO DATA' END)
FROM pg_class c
WHERE c.oid IN (@members(pg_class)@) AND c.relkind IN ('v', 'm')
UNION ALL
SELECT 'pg_class'::regclass::oid, c.oid, 1, false,
  format('ALTER VIEW %I ALTER COLUMN %I SET DEFAULT %s', c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid))
FROM pg_class c JOIN pg_attrdef d ON d.adrelid = c.oid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
WHERE c.oid IN (@members(pg_class)@) AND c.relkind = 'v'
UNION ALL
SELECT 'pg_class'::regclass::oid, c.oid, 2, false, format('ALTER MATERIALIZED VIEW %I %s', c.relname, string_agg(o.setting, ', ' ORDER BY a.attnum))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid,
  LATERAL (SELECT concat_ws(', ', @columnsettings(a)@, CASE a.attcompression WHEN 'p' THEN format('ALTER COLUMN %I SET COMPRESSION pglz', a.attname) WHEN 'l' THEN format('ALTER COLUMN %I SET COMPRESSION lz4', a.attname) END)) AS o (setting)
WHERE c.oid IN (@members(pg_class)@) AND c.relkind = 'm' AND a.attnum > 0 AND o.setting <> ''
GROUP BY c.oid, c.relname
