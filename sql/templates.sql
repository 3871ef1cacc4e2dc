CREATE FUNCTION tenancy.register_template(name text, script text) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'register_template_wrapper';
REVOKE ALL ON FUNCTION tenancy.register_template(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.register_template(text, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.register_template(text, text) IS
  'Registers an SQL script from which tenants are made, or replaces it for tenants made from now on. The script runs as the new tenant''s owner role with the tenant''s schema first in the path; it holds no transaction control. Raises 22023 bad name, 42601 a script that does not parse. Members of tenancy_admin.';
