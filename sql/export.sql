-- Tenants out of the database.

CREATE FUNCTION tenancy.export(name text, schema text DEFAULT NULL) RETURNS SETOF text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'export_wrapper';
REVOKE ALL ON FUNCTION tenancy.export(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.export(text, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.export(text, text) IS
  'A tenant as a script that psql runs in a database without tenancy: extensions, structure, rows, sequences, large objects, all as of the statement''s snapshot and in one transaction; whoever runs it owns what it makes, and nothing is granted. schema: the name of the schema there, else the tenant''s name. Returns a line or a statement per row, as they are read. Raises 3D000 unknown tenant, 0A000 what cannot be read. Members of tenancy_admin.';
