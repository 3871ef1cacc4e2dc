-- Enumerations.
SELECT 'pg_type'::regclass::oid, t.oid, 0, false,
  format('CREATE TYPE %I AS ENUM (%s)', t.typname,
    (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
FROM pg_type t
WHERE t.oid IN (@members(pg_type)@) AND t.typtype = 'e'
