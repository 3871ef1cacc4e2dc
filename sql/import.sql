-- The parts of an archive, out and in: what `tenancy export` and `tenancy import` call.

CREATE FUNCTION tenancy.export_structure(name text)
  RETURNS TABLE (rows_at integer, slots text[], flags integer[], objects text[], statements text[])
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'export_structure_wrapper';
REVOKE ALL ON FUNCTION tenancy.export_structure(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.export_structure(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.export_structure(text) IS
  'What a tenant''s structure is made of, as import_begin() and import_finish() take it, in one row: statements in order, the objects they make, flags (1: the superuser''s to run, 2: structure), the slots that stand where the names of schema and roles will, and the number of statements that come before the rows. Keeps the tenant''s tables as they are until the transaction ends. Raises 3D000 unknown tenant, 0A000 what cannot be read. Members of tenancy_admin.';

CREATE FUNCTION tenancy.export_tables(name text)
  RETURNS TABLE (relation text, columns text[], is_binary boolean, bytes bigint)
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'export_tables_wrapper';
REVOKE ALL ON FUNCTION tenancy.export_tables(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.export_tables(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.export_tables(text) IS
  'The tables of a tenant that hold rows, the largest first: name, columns that are written, whether COPY''s binary format can be read elsewhere, size. Raises 3D000 unknown tenant. Members of tenancy_admin.';

CREATE FUNCTION tenancy.export_sequences(name text)
  RETURNS TABLE (sequence text, last_value bigint, is_called boolean)
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'export_sequences_wrapper';
REVOKE ALL ON FUNCTION tenancy.export_sequences(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.export_sequences(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.export_sequences(text) IS
  'Where a tenant''s sequences stand that are not at their start. Raises 3D000 unknown tenant. Members of tenancy_admin.';

CREATE FUNCTION tenancy.export_large_objects(name text) RETURNS TABLE (id bigint, real_id oid)
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'export_large_objects_wrapper';
REVOKE ALL ON FUNCTION tenancy.export_large_objects(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.export_large_objects(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.export_large_objects(text) IS
  'The large objects of a tenant: the id that it knows each by, and the one under which pg_largeobject has it. Raises 3D000 unknown tenant. Members of tenancy_admin.';

CREATE FUNCTION tenancy.import_begin(name text, archive text, rows_at integer, slots text[],
    flags integer[], objects text[], statements text[], plan text DEFAULT NULL,
    template text DEFAULT NULL, settings jsonb DEFAULT NULL, migrations jsonb DEFAULT NULL) RETURNS boolean
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_begin_wrapper';
REVOKE ALL ON FUNCTION tenancy.import_begin(text, text, integer, text[], integer[], text[], text[], text, text, jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.import_begin(text, text, integer, text[], integer[], text[], text[], text, text, jsonb, jsonb) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.import_begin(text, text, integer, text[], integer[], text[], text[], text, text, jsonb, jsonb) IS
  'Makes a tenant that rows can be copied into: registered, so that nobody enters it but by import_enter(). Every statement runs as its owner role, except those that the template has in the same words. archive: what tells this import from others. migrations: names and checksums of those that it has, of which those count that are registered here too, up to the first that it lacks. Returns false when it was made before, by an import of the same archive. Raises 22023 bad name, settings or arrays, 42710 tenant exists, 42704 unknown template or plan, 55000 another import under this name, a statement''s own error with its object in the DETAIL. Members of tenancy_admin.';

CREATE FUNCTION tenancy.import_enter(name text, "as" text DEFAULT 'owner') RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_enter_wrapper';
REVOKE ALL ON FUNCTION tenancy.import_enter(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.import_enter(text, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.import_enter(text, text) IS
  'Puts the session into a tenant that is being imported, as the owner or, for its large objects, as member, until import_finish() takes it out of that state. Returns the key that leave() takes. Raises 3D000 unknown tenant, 55000 a tenant that is not being imported, 25001 in a transaction that has done more, 22023 bad argument. Members of tenancy_admin.';

CREATE FUNCTION tenancy.import_finish(name text, archive text, rows_at integer, slots text[],
    flags integer[], objects text[], statements text[], sequences text[], last_values bigint[],
    are_called boolean[], domains text[] DEFAULT '{}', activate boolean DEFAULT true) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_finish_wrapper';
REVOKE ALL ON FUNCTION tenancy.import_finish(text, text, integer, text[], integer[], text[], text[], text[], bigint[], boolean[], text[], boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.import_finish(text, text, integer, text[], integer[], text[], text[], text[], bigint[], boolean[], text[], boolean) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.import_finish(text, text, integer, text[], integer[], text[], text[], text[], bigint[], boolean[], text[], boolean) IS
  'Makes what comes after the rows as import_begin() made what comes before: positions of sequences, keys, indexes, triggers; then hostnames, verification, and service unless activate is false; all or nothing. Raises 3D000 unknown tenant, 55000 not being imported from this archive or not as designed, 22023 bad arrays, 42710 hostname taken, a statement''s own error with its object in the DETAIL. Members of tenancy_admin.';
