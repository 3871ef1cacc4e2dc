-- What schemas are made of.

CREATE FUNCTION tenancy.deparse(schema text, name text, owner text, role text)
  RETURNS TABLE (privileged boolean, object text, statement text)
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'deparse_wrapper';
REVOKE ALL ON FUNCTION tenancy.deparse(text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.deparse(text, text, text, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.deparse(text, text, text, text) IS
  'The statements that make a copy of a schema under another name, for an owner and a role that uses it, in the order in which create() runs them; privileged: as the superuser. Returns one row per statement: privileged, object as PostgreSQL describes it, statement. Raises 3F000 no such schema, 0A000 what cannot be copied. Members of tenancy_admin.';

CREATE FUNCTION tenancy.fingerprint(schema text) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'fingerprint_wrapper';
REVOKE ALL ON FUNCTION tenancy.fingerprint(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.fingerprint(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.fingerprint(text) IS
  'A hash of a schema''s structure with its own name taken out: equal for all copies of one template. Rows, owners and grants do not count. Raises 3F000 no such schema, 0A000 what cannot be read. Members of tenancy_admin.';

CREATE FUNCTION tenancy.differences(name text)
  RETURNS TABLE (object text, difference text, template text, tenant text)
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'differences_wrapper';
REVOKE ALL ON FUNCTION tenancy.differences(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.differences(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.differences(text) IS
  'Where a tenant''s structure differs from the schema that it was made from: one row per object that is missing, extra or changed, with both definitions. Raises 3D000 unknown tenant, 55000 a tenant that was not made from a schema, 0A000 what cannot be read. Members of tenancy_admin.';
