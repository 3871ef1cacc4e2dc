CREATE FUNCTION tenancy.add_domain(tenant text, hostname text, is_primary boolean DEFAULT false) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'add_domain_wrapper';
REVOKE ALL ON FUNCTION tenancy.add_domain(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.add_domain(text, text, boolean) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.add_domain(text, text, boolean) IS
  'Leads a hostname to a tenant; it is stored in canonical spelling (lower case, A-labels). The first one is primary. Raises 3D000 unknown tenant, 22023 not a hostname, 42710 hostname taken. Members of tenancy_admin.';

CREATE FUNCTION tenancy.remove_domain(hostname text) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'remove_domain_wrapper';
REVOKE ALL ON FUNCTION tenancy.remove_domain(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.remove_domain(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.remove_domain(text) IS
  'Takes a hostname away from its tenant. Raises 3D000 unknown hostname, 22023 not a hostname. Members of tenancy_admin.';

CREATE FUNCTION tenancy.set_primary_domain(hostname text) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'set_primary_domain_wrapper';
REVOKE ALL ON FUNCTION tenancy.set_primary_domain(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.set_primary_domain(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.set_primary_domain(text) IS
  'Makes a hostname its tenant''s primary one. Raises 3D000 unknown hostname, 22023 not a hostname. Members of tenancy_admin.';
