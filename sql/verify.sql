CREATE FUNCTION tenancy.verify(name text, OUT "check" text, OUT ok boolean, OUT detail text)
  RETURNS SETOF record ROWS 8
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'verify_wrapper';
REVOKE ALL ON FUNCTION tenancy.verify(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.verify(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.verify(text) IS
  'Checks a tenant, one row each: schema, roles, owners, grants, reach (rights in other tenants'' schemas), structure (equal to the template, for templates that are schemas), canary (what the tenant role can read indeed, and that it cannot read its neighbours), domains. detail says what was seen, a line for each flaw. Changes nothing, fires no trigger, uses up no sequence; its cost is that of the one schema. Raises 3D000 unknown tenant, 22023 NULL. Members of tenancy_admin.';
