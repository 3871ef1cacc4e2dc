-- The life of a tenant. Each function makes one move of the table of states, in one transaction.

CREATE FUNCTION tenancy.create(name text, template text DEFAULT NULL, plan text DEFAULT NULL,
    domain text DEFAULT NULL, settings jsonb DEFAULT NULL, schema text DEFAULT NULL,
    activate boolean DEFAULT true) RETURNS bigint
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'create_wrapper';
REVOKE ALL ON FUNCTION tenancy.create(text, text, text, text, jsonb, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.create(text, text, text, text, jsonb, text, boolean) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.create(text, text, text, text, jsonb, text, boolean) IS
  'Makes a tenant, all or nothing: registry row, two roles, schema, template replayed as the owner role, plan, first domain, settings (a JSON object), verification, activation unless activate is false. schema: a readable name for the schema instead of an opaque one. Returns the tenant''s id. Raises 22023 bad name, hostname or settings, 42710 tenant, schema or hostname exists, 42704 unknown template or plan, the script''s own error with the failing statement in its DETAIL. Members of tenancy_admin.';

CREATE FUNCTION tenancy.activate(name text) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'activate_wrapper';
REVOKE ALL ON FUNCTION tenancy.activate(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.activate(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.activate(text) IS
  'Puts a verified tenant into service. Raises 3D000 unknown tenant, 55000 wrong state. Members of tenancy_admin.';

CREATE FUNCTION tenancy.suspend(name text, mode text DEFAULT 'full', reason text DEFAULT NULL,
    grace interval DEFAULT '5 seconds') RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'suspend_wrapper';
REVOKE ALL ON FUNCTION tenancy.suspend(text, text, text, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.suspend(text, text, text, interval) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.suspend(text, text, text, interval) IS
  'Takes a tenant out of service. mode: full, or read_only. When it returns, none of the tenant''s statements and transactions is left: they had the grace period to end, then were cancelled, then terminated. Raises 3D000 unknown tenant, 55000 wrong state, 22023 bad mode or grace. Members of tenancy_admin.';

CREATE FUNCTION tenancy.resume(name text) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'resume_wrapper';
REVOKE ALL ON FUNCTION tenancy.resume(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.resume(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.resume(text) IS
  'Puts a suspended tenant back into service. Raises 3D000 unknown tenant, 55000 wrong state. Members of tenancy_admin.';

CREATE FUNCTION tenancy.rename(name text, new_name text) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rename_wrapper';
REVOKE ALL ON FUNCTION tenancy.rename(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.rename(text, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.rename(text, text) IS
  'Gives a tenant another name, in the registry alone: schema, roles, hostnames and logins stay, and so do open sessions. In them current() follows at the next statement, while the setting tenancy.tenant says the name under which they came in until they move. No other tenant takes the old name for tenancy.name_quarantine; the view tenants shows it. Raises 3D000 unknown tenant, 22023 bad or reserved name, 42710 name taken or kept free. Members of tenancy_admin.';

CREATE FUNCTION tenancy.drop(name text, grace interval DEFAULT '5 seconds') RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'drop_wrapper';
REVOKE ALL ON FUNCTION tenancy.drop(text, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.drop(text, interval) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.drop(text, interval) IS
  'Hides a tenant: ends what it runs as suspend() does, takes its role out of the schema and frees its name and hostnames. Schema and data stay. Raises 3D000 unknown tenant, 55000 wrong state, 22023 bad grace. Members of tenancy_admin.';
