-- What DDL does to tenants and templates, by whomever it is run.

CREATE TABLE tenancy.schema_change (
  tenant_id bigint NOT NULL
);
CREATE INDEX schema_change_tenant ON tenancy.schema_change (tenant_id);
COMMENT ON TABLE tenancy.schema_change IS 'Tenants whose schemas DDL has touched since they were last read. No key, so that nobody waits for another''s DDL';
ALTER TABLE tenancy.schema_change OWNER TO tenancy_owner;

CREATE FUNCTION tenancy.watch_ddl() RETURNS event_trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'watch_ddl';
REVOKE ALL ON FUNCTION tenancy.watch_ddl() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.watch_ddl() IS
  'Event trigger: gives what is created in a tenant''s schema, by whomever, to the tenant''s owner role and grants the tenant role its use; notes which tenants'' schemas have changed; marks the spares of a template whose schema has. Raises 39P01 when called otherwise.';

-- ALWAYS: a session of replication changes a schema as any other does.
CREATE EVENT TRIGGER tenancy_watch_ddl ON ddl_command_end EXECUTE FUNCTION tenancy.watch_ddl();
ALTER EVENT TRIGGER tenancy_watch_ddl ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER tenancy_watch_ddl IS 'tenancy: owner, grants and changes of what lies in tenants'' and templates'' schemas';
CREATE EVENT TRIGGER tenancy_watch_drop ON sql_drop EXECUTE FUNCTION tenancy.watch_ddl();
ALTER EVENT TRIGGER tenancy_watch_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER tenancy_watch_drop IS 'tenancy: what is dropped from tenants'' and templates'' schemas';
