-- Composite types.
SELECT 'pg_type'::regclass::oid, t.oid, 0, false,
  format('CREATE TYPE %I AS (%s)', t.typname,
    (SELECT string_agg(format('%I %s%s', a.attname, @columntype(a)@, @collate(a.attcollation, a.atttypid)@), ', ' ORDER BY a.attnum)
     FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid
WHERE t.oid IN (@members(pg_type)@) AND t.typtype = 'c' AND c.relkind = 'c'
