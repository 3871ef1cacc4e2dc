-- Range types; each brings its multirange. One with a canonical function exists as a shell before it.
SELECT 'pg_type'::regclass::oid, t.oid, s.part, r.rngcanonical <> 0,
  CASE s.part WHEN -1 THEN format('CREATE TYPE %I', t.typname) WHEN 1 THEN format('ALTER TYPE %I OWNER TO %s', t.typname, $4)
  ELSE format('CREATE TYPE %I AS RANGE (%s)', t.typname, concat_ws(', ',
    'subtype = ' || format_type(r.rngsubtype, NULL),
    'subtype_opclass = ' || @opclass(r.rngsubopc)@,
    CASE WHEN r.rngcollation <> b.typcollation THEN 'collation = ' || @collation(r.rngcollation)@ END,
    'canonical = ' || @proc(nullif(r.rngcanonical::oid, 0))@,
    'subtype_diff = ' || @proc(nullif(r.rngsubdiff::oid, 0))@,
    'multirange_type_name = ' || quote_ident((SELECT m.typname FROM pg_type m WHERE m.oid = r.rngmultitypid)))) END
FROM pg_type t JOIN pg_range r ON r.rngtypid = t.oid JOIN pg_type b ON b.oid = r.rngsubtype,
  LATERAL (VALUES (-1), (0), (1)) AS s (part)
WHERE t.oid IN (@members(pg_type)@) AND t.typtype = 'r' AND (s.part = 0 OR r.rngcanonical <> 0)
