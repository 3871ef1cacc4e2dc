CREATE FUNCTION tenancy.grant_login(login text, tenant text, sealed boolean DEFAULT true) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'grant_login_wrapper';
REVOKE ALL ON FUNCTION tenancy.grant_login(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.grant_login(text, text, boolean) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.grant_login(text, text, boolean) IS
  'Lets a login enter a tenant, or every tenant (tenant ''*''). sealed false: it may leave its contexts without a key. Repeating it changes sealed. Raises 42704 no such login, 42501 a superuser or otherwise privileged role, 3D000 unknown tenant. Members of tenancy_admin.';

CREATE FUNCTION tenancy.revoke_login(login text, tenant text) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'revoke_login_wrapper';
REVOKE ALL ON FUNCTION tenancy.revoke_login(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.revoke_login(text, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.revoke_login(text, text) IS
  'Takes back what grant_login() gave for the same tenant (or ''*''). Open contexts of the login in it are refused at their next statement. Raises 3D000 unknown tenant, 42704 no such grant. Members of tenancy_admin.';

CREATE FUNCTION tenancy.login_access(login text, tenant_id bigint, OUT verifier text, OUT granted boolean)
  RETURNS SETOF record ROWS 1
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'login_access_wrapper';
REVOKE ALL ON FUNCTION tenancy.login_access(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.login_access(text, bigint) TO tenancy_resolver;
COMMENT ON FUNCTION tenancy.login_access(text, bigint) IS
  'One row: the SCRAM-SHA-256 verifier of a login, NULL when there is no such login, it cannot log in, has expired, has no SCRAM password, or is privileged; and whether it may enter the tenant. Members of tenancy_resolver.';
