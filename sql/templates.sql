CREATE FUNCTION tenancy.register_template(name text, script text DEFAULT NULL, schema text DEFAULT NULL,
    rebind boolean DEFAULT false) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'register_template_wrapper';
REVOKE ALL ON FUNCTION tenancy.register_template(text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.register_template(text, text, text, boolean) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.register_template(text, text, text, boolean) IS
  'Registers what tenants are made from, or replaces it for tenants made from now on: an SQL script, or a schema, of which each tenant gets a faithful copy with its rows. A script runs as the new tenant''s owner role with the tenant''s schema first in the path; it holds no transaction control. A schema is read again when it has changed; text in it that names the schema itself (a function''s body) is refused, or with rebind names the tenant''s schema in the copy. Raises 22023 bad name or not exactly one of script and schema, 3F000 no such schema, 0A000 what cannot be copied, 42601 a script that does not parse. Members of tenancy_admin.';
