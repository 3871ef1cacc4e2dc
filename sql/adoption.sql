CREATE FUNCTION tenancy.adopt(schema text, name text, domain text DEFAULT NULL, dry_run boolean DEFAULT false,
    OUT object text, OUT finding text, OUT change text, OUT severity text) RETURNS SETOF record
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adopt_wrapper';
REVOKE ALL ON FUNCTION tenancy.adopt(text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.adopt(text, text, text, boolean) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.adopt(text, text, text, boolean) IS
  'Makes a tenant of an ordinary schema, which keeps its name: its objects go to an owner role of the tenant, grants of others are taken back, no row is touched; then it is verified and put into service, all in one transaction. Returns what was found, object by object, with what is done or has to be known: severity error (nothing is adopted), warning (behaves otherwise for a role that does not own its tables), notice. dry_run: the report alone. domain: the first hostname. Raises 3F000 no such schema, 42501 not the schema''s owner, 55000 it is a tenant''s, a template''s or shared, or an error was found, 22023 bad name, 42710 tenant exists. Members of tenancy_admin who have the rights of the schema''s owner.';

CREATE FUNCTION tenancy.release(name text, owner text, grace interval DEFAULT '5 seconds') RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'release_wrapper';
REVOKE ALL ON FUNCTION tenancy.release(text, text, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.release(text, text, interval) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.release(text, text, interval) IS
  'Makes an ordinary schema of a tenant: ends what it runs as suspend() does, gives schema, objects and large objects to the role, and removes the tenant''s two roles and what the registry holds of it. No row is touched; the audit trail stays. Raises 3D000 unknown tenant, 55000 wrong state, 42704 no such role, 42501 not a member of it, 22023 a role of tenancy or PostgreSQL, bad grace. Members of tenancy_admin who are members of the role.';

CREATE FUNCTION tenancy.clone(name text, new_name text, with_data boolean DEFAULT true, masks jsonb DEFAULT NULL) RETURNS bigint
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'clone_tenant_wrapper';
REVOKE ALL ON FUNCTION tenancy.clone(text, text, boolean, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.clone(text, text, boolean, jsonb) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.clone(text, text, boolean, jsonb) IS
  'Copies a tenant as a tenant of its own, all or nothing, as it was when the call began: structure, rows, sequences and large objects unless with_data is false, settings, plan, template. Hostnames and logins stay with the original, and large objects too where there are masks, which do not reach them. masks: by table and column, an SQL expression over the row whose value the copy gets instead ({"customer": {"email": "md5(email)"}}); it runs as the original''s owner role, and applies to partitions and children too. Text in functions that names the schema names the copy''s. Returns the copy''s id. Raises 3D000 unknown tenant, 42710 name taken, 22023 bad name or mask, 0A000 what cannot be copied. Members of tenancy_admin.';

CREATE FUNCTION tenancy.switch_template(name text, template text, dry_run boolean DEFAULT true,
    OUT object text, OUT difference text, OUT template_definition text, OUT tenant_definition text) RETURNS SETOF record
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'switch_template_wrapper';
REVOKE ALL ON FUNCTION tenancy.switch_template(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.switch_template(text, text, boolean) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.switch_template(text, text, boolean) IS
  'Where a tenant differs from another template, object by object: missing, extra or changed, with both definitions. dry_run false: the template is the tenant''s from now on, if nothing differs; the tenant itself is not changed. Raises 3D000 unknown tenant, 42704 unknown template, 0A000 a template that is a script, 55000 the tenant differs. Members of tenancy_admin.';
