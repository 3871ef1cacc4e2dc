-- Base types, which only a superuser may make, and shells of types. A base type exists as a shell
-- before its functions.
SELECT 'pg_type'::regclass::oid, t.oid, s.part, true,
  CASE WHEN s.part = -1 THEN format('CREATE TYPE %I', t.typname)
  ELSE format('CREATE TYPE %I (%s)', t.typname, concat_ws(', ',
    'INPUT = ' || @proc(t.typinput::oid)@, 'OUTPUT = ' || @proc(t.typoutput::oid)@,
    'RECEIVE = ' || @proc(nullif(t.typreceive::oid, 0))@, 'SEND = ' || @proc(nullif(t.typsend::oid, 0))@,
    'TYPMOD_IN = ' || @proc(nullif(t.typmodin::oid, 0))@, 'TYPMOD_OUT = ' || @proc(nullif(t.typmodout::oid, 0))@,
    'ANALYZE = ' || @proc(nullif(t.typanalyze::oid, 0))@,
    CASE WHEN t.typelem = 0 OR t.typsubscript::oid NOT IN (SELECT oid FROM pg_proc WHERE proname IN ('array_subscript_handler', 'raw_array_subscript_handler') AND pronamespace = 'pg_catalog'::regnamespace)
      THEN 'SUBSCRIPT = ' || @proc(nullif(t.typsubscript::oid, 0))@ END,
    'INTERNALLENGTH = ' || CASE WHEN t.typlen = -1 THEN 'VARIABLE' ELSE t.typlen::text END,
    CASE WHEN t.typbyval THEN 'PASSEDBYVALUE' END,
    'ALIGNMENT = ' || CASE t.typalign WHEN 'c' THEN 'char' WHEN 's' THEN 'int2' WHEN 'i' THEN 'int4' WHEN 'd' THEN 'double' END,
    'STORAGE = ' || CASE t.typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'x' THEN 'extended' WHEN 'm' THEN 'main' END,
    'CATEGORY = ' || quote_literal(t.typcategory::text), CASE WHEN t.typispreferred THEN 'PREFERRED = true' END,
    'DEFAULT = ' || quote_literal(t.typdefault),
    CASE WHEN t.typelem <> 0 THEN 'ELEMENT = ' || format_type(t.typelem, NULL) END,
    'DELIMITER = ' || quote_literal(t.typdelim::text), CASE WHEN t.typcollation <> 0 THEN 'COLLATABLE = true' END)) END
FROM pg_type t, LATERAL (VALUES (-1), (0)) AS s (part)
WHERE t.oid IN (@members(pg_type)@) AND (t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid AND e.refclassid = 'pg_type'::regclass AND e.deptype = 'i') OR t.typtype = 'p')
  AND (s.part = -1 OR t.typisdefined)
