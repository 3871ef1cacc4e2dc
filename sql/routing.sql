CREATE FUNCTION tenancy.resolve(hostname text, OUT tenant text, OUT id bigint, OUT status text,
    OUT suspension text, OUT generation bigint) RETURNS SETOF record ROWS 1
  LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'resolve_wrapper';
REVOKE ALL ON FUNCTION tenancy.resolve(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.resolve(text) TO tenancy_resolver, tenancy_admin;
COMMENT ON FUNCTION tenancy.resolve(text) IS
  'The tenant that a hostname leads to, with its status and generation; no row for an unknown one. Raises 22023 not a hostname. Members of tenancy_resolver and tenancy_admin.';

CREATE FUNCTION tenancy.resolve_name(name text, OUT tenant text, OUT id bigint, OUT status text,
    OUT suspension text, OUT generation bigint) RETURNS SETOF record ROWS 1
  LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'resolve_name_wrapper';
REVOKE ALL ON FUNCTION tenancy.resolve_name(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.resolve_name(text) TO tenancy_resolver, tenancy_admin;
COMMENT ON FUNCTION tenancy.resolve_name(text) IS
  'The same by the tenant''s name; no row for an unknown one. Members of tenancy_resolver and tenancy_admin.';
