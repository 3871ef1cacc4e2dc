-- Spares: schemas made ahead from templates, with roles and grants under the names that they keep.

CREATE TABLE tenancy.spare (
  schema text COLLATE "C" PRIMARY KEY,
  role text COLLATE "C" NOT NULL UNIQUE,
  owner text COLLATE "C" NOT NULL UNIQUE,
  template text COLLATE "C" NOT NULL REFERENCES tenancy.template ON DELETE CASCADE,
  sources oid[] NOT NULL,
  contents bigint NOT NULL,
  stale boolean NOT NULL DEFAULT false,
  made_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX spare_template ON tenancy.spare (template) WHERE NOT stale;
COMMENT ON TABLE tenancy.spare IS 'Schemas made ahead, each of which becomes a tenant''s by a row of the registry';
COMMENT ON COLUMN tenancy.spare.sources IS 'The template''s tables and sequences';
COMMENT ON COLUMN tenancy.spare.contents IS 'What the rows in them were when the spare was made: a sum over pages';
COMMENT ON COLUMN tenancy.spare.stale IS 'The template has changed since; the worker removes it';
ALTER TABLE tenancy.spare OWNER TO tenancy_owner;
GRANT SELECT ON tenancy.spare TO tenancy_admin;

CREATE FUNCTION tenancy.make_spare(template text) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'make_spare_wrapper';
REVOKE ALL ON FUNCTION tenancy.make_spare(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.make_spare(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.make_spare(text) IS
  'Makes one more spare of a template that is a schema: create() takes it in constant time. A worker keeps tenancy.spares of each template without being asked. Returns the schema''s name. Raises 42704 unknown template, 55000 a template that is a script. Members of tenancy_admin.';

CREATE FUNCTION tenancy.spoil_spares() RETURNS event_trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'spoil_spares';
REVOKE ALL ON FUNCTION tenancy.spoil_spares() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.spoil_spares() IS
  'Event trigger: marks the spares of a template whose schema has changed. Raises 39P01 when called otherwise.';

CREATE EVENT TRIGGER tenancy_spoil_spares ON ddl_command_end EXECUTE FUNCTION tenancy.spoil_spares();
COMMENT ON EVENT TRIGGER tenancy_spoil_spares IS 'tenancy: spares of a template that has changed are not used';
CREATE EVENT TRIGGER tenancy_spoil_spares_by_drop ON sql_drop EXECUTE FUNCTION tenancy.spoil_spares();
COMMENT ON EVENT TRIGGER tenancy_spoil_spares_by_drop IS 'tenancy: spares of a template that has changed are not used';
