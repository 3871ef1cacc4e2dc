-- Commands of other tools, as a framework's own migrations, that `tenancy migrate run` runs on one
-- tenant after the other. What such a command does is its own affair; the registry knows which tenants
-- it has succeeded on under a name, and keeps each tenant while it runs.

CREATE TABLE tenancy.tenant_command (
  name text COLLATE "C" NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 200),
  tenant_id bigint NOT NULL REFERENCES tenancy.tenant ON DELETE CASCADE,
  done_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, tenant_id)
);
CREATE INDEX ON tenancy.tenant_command (tenant_id);
COMMENT ON TABLE tenancy.tenant_command IS 'Which named commands have succeeded on which tenant';
ALTER TABLE tenancy.tenant_command OWNER TO tenancy_owner;
GRANT SELECT ON tenancy.tenant_command TO tenancy_admin;

CREATE FUNCTION tenancy.command_begin(tenant text, name text DEFAULT NULL) RETURNS boolean
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'command_begin_wrapper';
REVOKE ALL ON FUNCTION tenancy.command_begin(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.command_begin(text, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.command_begin(text, text) IS
  'Keeps a tenant for a command that another process runs in it, until command_end() or the end of this session: nobody migrates, renames or drops it meanwhile. Returns false, and keeps nothing, where a command of that name has succeeded. Raises 3D000 unknown tenant, 22023 bad name, 55000 a tenant that is being migrated. Members of tenancy_admin.';

CREATE FUNCTION tenancy.command_end(tenant text, succeeded boolean, name text DEFAULT NULL) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'command_end_wrapper';
REVOKE ALL ON FUNCTION tenancy.command_end(text, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.command_end(text, boolean, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.command_end(text, boolean, text) IS
  'Lets go of a tenant after a command, and notes under the name that it has succeeded. Raises 3D000 unknown tenant, 22023 bad name, 55000 a tenant that this session does not keep. Members of tenancy_admin.';
