-- Spares: schemas made ahead from templates, with roles and grants under the names that they keep.

CREATE TABLE tenancy.spare (
  schema text COLLATE "C" PRIMARY KEY,
  role text COLLATE "C" NOT NULL UNIQUE,
  owner text COLLATE "C" NOT NULL UNIQUE,
  template text COLLATE "C" NOT NULL REFERENCES tenancy.template ON DELETE CASCADE,
  sources oid[] NOT NULL,
  contents bigint NOT NULL,
  fingerprint text,
  stale boolean NOT NULL DEFAULT false,
  made_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX spare_template ON tenancy.spare (template) WHERE NOT stale;
COMMENT ON TABLE tenancy.spare IS 'Schemas made ahead, each of which becomes a tenant''s by a row of the registry';
COMMENT ON COLUMN tenancy.spare.sources IS 'The template''s tables and sequences';
COMMENT ON COLUMN tenancy.spare.contents IS 'What the rows in them were when the spare was made: a sum over pages';
COMMENT ON COLUMN tenancy.spare.fingerprint IS 'The template''s, when the spare was made';
COMMENT ON COLUMN tenancy.spare.stale IS 'The template has changed since; the worker removes it';
ALTER TABLE tenancy.spare OWNER TO tenancy_owner;
GRANT SELECT ON tenancy.spare TO tenancy_admin;

CREATE FUNCTION tenancy.make_spare(template text) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'make_spare_wrapper';
REVOKE ALL ON FUNCTION tenancy.make_spare(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.make_spare(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.make_spare(text) IS
  'Makes one more spare of a template that is a schema: create() takes it in constant time. A worker keeps tenancy.spares of each template without being asked. Returns the schema''s name. Raises 42704 unknown template, 55000 a template that is a script. Members of tenancy_admin.';
