-- Twins of PostgreSQL's own functions that name objects or show what sessions share. Inside a tenant
-- the planner puts them in the place of the originals; each has the original's name and signature.

CREATE SCHEMA tenancy_checked;
ALTER SCHEMA tenancy_checked OWNER TO tenancy_owner;
REVOKE ALL ON SCHEMA tenancy_checked FROM PUBLIC;
GRANT USAGE ON SCHEMA tenancy_checked TO PUBLIC;
COMMENT ON SCHEMA tenancy_checked IS
  'tenancy: what stands in for PostgreSQL''s own functions inside a tenant';

CREATE FUNCTION tenancy_checked.decisions(OUT name text, OUT guarded boolean) RETURNS SETOF record
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'decisions_wrapper';
REVOKE ALL ON FUNCTION tenancy_checked.decisions() FROM PUBLIC;
COMMENT ON FUNCTION tenancy_checked.decisions() IS
  'Names of PostgreSQL''s functions that have a twin here; guarded: the original may run where no twin can stand in for it. Superusers.';

CREATE FUNCTION tenancy_checked.verdict(name text, argument_types oid[]) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'verdict_wrapper';
REVOKE ALL ON FUNCTION tenancy_checked.verdict(text, oid[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy_checked.verdict(text, oid[]) IS
  'What becomes of a function of schema pg_catalog inside a tenant: allowed, refused, checked, guarded, filtered, or undecided (then it is refused). Superusers.';

CREATE FUNCTION tenancy_checked.visible(anyelement) RETURNS anyelement
  LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'reg_visible';
REVOKE ALL ON FUNCTION tenancy_checked.visible(anyelement) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy_checked.visible(anyelement) TO PUBLIC;
COMMENT ON FUNCTION tenancy_checked.visible(anyelement) IS
  'The value, with NULL in place of each regclass, regrole and the like in it that the tenant does not see. The planner puts calls into queries. Anybody.';

DO $$
DECLARE
  original record;
  twin text;
BEGIN
  FOR original IN
    SELECT p.oid, p.proname, p.provolatile, p.proisstrict, p.proparallel, p.proretset, p.procost, p.prorows,
           pg_catalog.pg_get_function_arguments(p.oid) AS arguments,
           pg_catalog.pg_get_function_identity_arguments(p.oid) AS identity,
           pg_catalog.pg_get_function_result(p.oid) AS result
    FROM pg_catalog.pg_proc p JOIN tenancy_checked.decisions() d ON d.name = p.proname
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
      AND NOT p.proargtypes::oid[] && ARRAY['internal'::regtype::oid, 'cstring'::regtype::oid]
    ORDER BY p.proname, p.oid
  LOOP
    twin := format('FUNCTION tenancy_checked.%I(%s)', original.proname, original.identity);
    EXECUTE format('CREATE FUNCTION tenancy_checked.%I(%s) RETURNS %s LANGUAGE c %s %s PARALLEL %s COST %s %s AS %L, %L',
      original.proname, original.arguments, original.result,
      CASE original.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
      CASE WHEN original.proisstrict THEN 'STRICT' ELSE '' END,
      CASE original.proparallel WHEN 'u' THEN 'UNSAFE' ELSE 'RESTRICTED' END,
      original.procost, CASE WHEN original.proretset THEN 'ROWS ' || original.prorows ELSE '' END,
      'MODULE_PATHNAME', 'checked_builtin');
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', twin);
    EXECUTE format('GRANT EXECUTE ON %s TO PUBLIC', twin);
    EXECUTE format('COMMENT ON %s IS %L', twin, format(
      'pg_catalog.%s() for tenants: the same, as if what the tenant does not see did not exist. Whoever may execute the original.', original.proname));
  END LOOP;
END
$$;
