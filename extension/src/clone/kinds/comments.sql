-- Comments, which are free text. Names are those of the path, where the schema's own come first.
WITH own (classid, objid, type, name) AS (
  SELECT 'pg_namespace'::regclass, $1, 'SCHEMA', $3
  UNION ALL
  SELECT 'pg_class'::regclass, c.oid, CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'TABLE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
    WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'c' THEN 'TYPE' END, quote_ident(c.relname)
  FROM pg_class c WHERE c.oid IN (@members(pg_class)@)
  UNION ALL
  SELECT 'pg_class'::regclass, i.indexrelid, 'INDEX', quote_ident(c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid IN (@members(pg_class)@)
  UNION ALL
  SELECT 'pg_type'::regclass, t.oid, CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, quote_ident(t.typname) FROM pg_type t WHERE t.oid IN (@members(pg_type)@)
  UNION ALL
  SELECT 'pg_class'::regclass, c.oid, 'TYPE', quote_ident(c.relname) FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid WHERE t.oid IN (@members(pg_type)@) AND c.relkind = 'c'
  UNION ALL
  SELECT 'pg_proc'::regclass, p.oid, CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
    format('%I(%s)', p.proname, CASE p.prokind WHEN 'a' THEN coalesce(nullif(pg_get_function_identity_arguments(p.oid), ''), '*') ELSE pg_get_function_identity_arguments(p.oid) END)
  FROM pg_proc p WHERE p.oid IN (@members(pg_proc)@)
  UNION ALL
  SELECT 'pg_operator'::regclass, o.oid, 'OPERATOR', format('%s (%s, %s)', o.oprname, CASE o.oprleft WHEN 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END, format_type(o.oprright, NULL))
  FROM pg_operator o WHERE o.oid IN (@members(pg_operator)@)
  UNION ALL
  SELECT 'pg_opclass'::regclass, c.oid, 'OPERATOR CLASS', format('%I USING %I', c.opcname, m.amname) FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod WHERE c.oid IN (@members(pg_opclass)@)
  UNION ALL
  SELECT 'pg_opfamily'::regclass, c.oid, 'OPERATOR FAMILY', format('%I USING %I', c.opfname, m.amname) FROM pg_opfamily c JOIN pg_am m ON m.oid = c.opfmethod WHERE c.oid IN (@members(pg_opfamily)@)
  UNION ALL
  SELECT 'pg_collation'::regclass, c.oid, 'COLLATION', quote_ident(c.collname) FROM pg_collation c WHERE c.oid IN (@members(pg_collation)@)
  UNION ALL
  SELECT 'pg_conversion'::regclass, c.oid, 'CONVERSION', quote_ident(c.conname) FROM pg_conversion c WHERE c.oid IN (@members(pg_conversion)@)
  UNION ALL
  SELECT 'pg_ts_parser'::regclass, c.oid, 'TEXT SEARCH PARSER', quote_ident(c.prsname) FROM pg_ts_parser c WHERE c.oid IN (@members(pg_ts_parser)@)
  UNION ALL
  SELECT 'pg_ts_template'::regclass, c.oid, 'TEXT SEARCH TEMPLATE', quote_ident(c.tmplname) FROM pg_ts_template c WHERE c.oid IN (@members(pg_ts_template)@)
  UNION ALL
  SELECT 'pg_ts_dict'::regclass, c.oid, 'TEXT SEARCH DICTIONARY', quote_ident(c.dictname) FROM pg_ts_dict c WHERE c.oid IN (@members(pg_ts_dict)@)
  UNION ALL
  SELECT 'pg_ts_config'::regclass, c.oid, 'TEXT SEARCH CONFIGURATION', quote_ident(c.cfgname) FROM pg_ts_config c WHERE c.oid IN (@members(pg_ts_config)@)
  UNION ALL
  SELECT 'pg_statistic_ext'::regclass, s.oid, 'STATISTICS', quote_ident(s.stxname) FROM pg_statistic_ext s WHERE s.oid IN (@members(pg_statistic_ext)@)
  UNION ALL
  SELECT 'pg_constraint'::regclass, k.oid, 'CONSTRAINT', format('%I ON %s', k.conname, @relation(k.conrelid)@) FROM pg_constraint k WHERE k.conrelid IN (@members(pg_class)@)
  UNION ALL
  SELECT 'pg_constraint'::regclass, k.oid, 'CONSTRAINT', format('%I ON DOMAIN %s', k.conname, format_type(k.contypid, NULL)) FROM pg_constraint k WHERE k.contypid IN (@members(pg_type)@)
  UNION ALL
  SELECT 'pg_trigger'::regclass, t.oid, 'TRIGGER', format('%I ON %s', t.tgname, @relation(t.tgrelid)@) FROM pg_trigger t WHERE t.tgrelid IN (@members(pg_class)@)
  UNION ALL
  SELECT 'pg_rewrite'::regclass, r.oid, 'RULE', format('%I ON %s', r.rulename, @relation(r.ev_class)@) FROM pg_rewrite r WHERE r.ev_class IN (@members(pg_class)@)
  UNION ALL
  SELECT 'pg_policy'::regclass, p.oid, 'POLICY', format('%I ON %s', p.polname, @relation(p.polrelid)@) FROM pg_policy p WHERE p.polrelid IN (@members(pg_class)@)
  UNION ALL
  SELECT 'pg_cast'::regclass, k.oid, 'CAST', format('(%s AS %s)', format_type(k.castsource, NULL), format_type(k.casttarget, NULL))
  FROM pg_cast k WHERE k.oid IN (SELECT d.objid FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass
    AND (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (@members(pg_type)@) OR d.refclassid = 'pg_proc'::regclass AND d.refobjid IN (@members(pg_proc)@)))
)
SELECT o.classid::oid, o.objid, 1000 + d.objsubid, true,
  CASE WHEN d.objsubid = 0 THEN format('COMMENT ON %s %s IS %s', o.type, o.name, $2 || d.description || $2)
    ELSE format('COMMENT ON COLUMN %s.%I IS %s', o.name, (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = o.objid AND a.attnum = d.objsubid), $2 || d.description || $2) END
FROM own o JOIN pg_description d ON d.classoid = o.classid AND d.objoid = o.objid
