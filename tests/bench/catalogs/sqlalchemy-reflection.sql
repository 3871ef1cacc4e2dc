SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace
WHERE pg_catalog.pg_class.relkind = ANY (ARRAY['r', 'p']) AND pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid) AND pg_catalog.pg_namespace.nspname != 'pg_catalog';
SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS format_type,
       (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef) AS "default",
       a.attnotnull AS not_null, c.relname AS table_name, pd.description AS comment, a.attgenerated AS generated,
       (SELECT json_build_object('always', a.attidentity = 'a', 'start', s.seqstart, 'increment', s.seqincrement, 'min', s.seqmin, 'max', s.seqmax, 'cache', s.seqcache, 'cycle', s.seqcycle)
        FROM pg_catalog.pg_sequence s WHERE a.attidentity != '' AND s.seqrelid = pg_catalog.pg_get_serial_sequence(c.oid::regclass::text, a.attname)::regclass) AS identity_options
FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_attribute a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_description pd ON pd.objoid = a.attrelid AND pd.objsubid = a.attnum JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = ANY (ARRAY['r', 'p', 'f', 'v', 'm']) AND pg_catalog.pg_table_is_visible(c.oid) AND n.nspname != 'pg_catalog' ORDER BY c.relname, a.attnum;
SELECT attr.conrelid, array_agg(attr.attname ORDER BY attr.ord) AS cols, attr.conname, min(attr.description) AS description
FROM (SELECT con.conrelid, con.conname, con.ord, con.description, a.attname FROM pg_catalog.pg_attribute a
      JOIN (SELECT c.conrelid, c.conname, unnest(c.conkey) AS attnum, generate_subscripts(c.conkey, 1) AS ord, d.description
            FROM pg_catalog.pg_constraint c LEFT JOIN pg_catalog.pg_description d ON d.objoid = c.oid
            WHERE c.contype = 'p' AND c.conrelid IN (SELECT oid FROM pg_catalog.pg_class WHERE relname LIKE 'table%' AND pg_catalog.pg_table_is_visible(oid))) con
      ON a.attnum = con.attnum AND a.attrelid = con.conrelid) attr
GROUP BY attr.conrelid, attr.conname ORDER BY attr.conrelid, attr.conname;
SELECT c.relname, con.conname, CASE WHEN con.oid IS NOT NULL THEN pg_catalog.pg_get_constraintdef(con.oid, true) END, ns.nspname, d.description
FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_constraint con ON c.oid = con.conrelid AND con.contype = 'f'
LEFT JOIN pg_catalog.pg_class ref ON ref.oid = con.confrelid LEFT JOIN pg_catalog.pg_namespace ns ON ref.relnamespace = ns.oid
LEFT JOIN pg_catalog.pg_description d ON d.objoid = con.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = ANY (ARRAY['r', 'p', 'f']) AND pg_catalog.pg_table_is_visible(c.oid) AND n.nspname != 'pg_catalog' ORDER BY c.relname, con.conname;
SELECT i.indrelid, ci.relname AS index, i.indisunique, con.conrelid IS NOT NULL AS has_constraint, i.indoption, ci.reloptions, am.amname, pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS filter
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ci ON i.indexrelid = ci.oid JOIN pg_catalog.pg_am am ON ci.relam = am.oid
LEFT JOIN pg_catalog.pg_constraint con ON i.indrelid = con.conrelid AND i.indexrelid = con.conindid AND con.contype = ANY (ARRAY['p', 'u', 'x'])
WHERE NOT i.indisprimary AND i.indrelid IN (SELECT oid FROM pg_catalog.pg_class WHERE relname LIKE 'table%' AND pg_catalog.pg_table_is_visible(oid)) ORDER BY i.indrelid, ci.relname;
SELECT t.typname AS name, pg_catalog.pg_type_is_visible(t.oid) AS visible, n.nspname AS schema, lbl.labels FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN (SELECT enumtypid, array_agg(enumlabel::text ORDER BY enumsortorder) AS labels FROM pg_catalog.pg_enum GROUP BY enumtypid) lbl ON t.oid = lbl.enumtypid
WHERE t.typtype = 'e' ORDER BY n.nspname, t.typname;
