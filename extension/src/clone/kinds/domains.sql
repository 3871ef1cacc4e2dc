-- Domains with their defaults and checks; what was not validated follows apart.
SELECT 'pg_type'::regclass::oid, t.oid, 0, false,
  format('CREATE DOMAIN %I AS %s%s%s%s%s', t.typname, format_type(t.typbasetype, t.typtypmod) || repeat('[]', t.typndims - 1),
    @collate(t.typcollation, t.typbasetype)@,
    ' DEFAULT ' || pg_get_expr(t.typdefaultbin, 0),
    CASE WHEN t.typnotnull THEN coalesce((SELECT format(' CONSTRAINT %I', n.conname) FROM pg_constraint n WHERE n.contypid = t.oid AND n.contype = 'n'), '') || ' NOT NULL' END,
    (SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), '' ORDER BY k.conname)
     FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' AND k.convalidated))
FROM pg_type t
WHERE t.oid IN (@members(pg_type)@) AND t.typtype = 'd'
UNION ALL
SELECT 'pg_type'::regclass::oid, t.oid, row_number() OVER (PARTITION BY t.oid ORDER BY k.conname)::int, false, format('ALTER DOMAIN %I ADD CONSTRAINT %I %s', t.typname, k.conname, pg_get_constraintdef(k.oid))
FROM pg_type t JOIN pg_constraint k ON k.contypid = t.oid
WHERE t.oid IN (@members(pg_type)@) AND t.typtype = 'd' AND k.contype = 'c' AND NOT k.convalidated
