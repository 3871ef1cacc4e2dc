CREATE FUNCTION tenancy.settle_ddl() RETURNS event_trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'settle_ddl';
REVOKE ALL ON FUNCTION tenancy.settle_ddl() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.settle_ddl() IS
  'Event trigger: gives what is created in a tenant''s schema, by whomever, to the tenant''s owner role and grants the tenant role its use. Raises 39P01 when called otherwise.';

CREATE EVENT TRIGGER tenancy_settle_ddl ON ddl_command_end EXECUTE FUNCTION tenancy.settle_ddl();
COMMENT ON EVENT TRIGGER tenancy_settle_ddl IS 'tenancy: owner and grants of what is created in a tenant''s schema';
