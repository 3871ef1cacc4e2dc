CREATE FUNCTION tenancy.undrop(name text, id bigint DEFAULT NULL, new_name text DEFAULT NULL,
    OUT hostname text, OUT restored boolean) RETURNS SETOF record
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'undrop_wrapper';
REVOKE ALL ON FUNCTION tenancy.undrop(text, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.undrop(text, bigint, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.undrop(text, bigint, text) IS
  'Brings a dropped tenant back, suspended: resume() puts it into service. id: which one, when several had the name; new_name: another name, when its own is taken. Logins and settings are as they were; returns its hostnames, and whether each leads to it again: those that lead to others now do not. Raises 3D000 no such dropped tenant, 55000 it is being purged or is not as designed, 42710 name taken, 22023 bad name or several tenants. Members of tenancy_admin.';

CREATE FUNCTION tenancy.purge_start(name text, force boolean, id bigint) RETURNS bigint
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'purge_start_wrapper';
REVOKE ALL ON FUNCTION tenancy.purge_start(text, boolean, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.purge_start(text, boolean, bigint) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.purge_start(text, boolean, bigint) IS
  'The first step of purge(): marks a dropped tenant as being purged and returns its id. Nothing brings it back from there. Raises what purge() raises. Members of tenancy_admin.';

CREATE FUNCTION tenancy.purge_batch(id bigint) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'purge_batch_wrapper';
REVOKE ALL ON FUNCTION tenancy.purge_batch(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.purge_batch(bigint) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.purge_batch(bigint) IS
  'Removes the next at most fifty objects of a tenant that is being purged and says what they were; NULL when nothing is left. Commit after each call: purge() does. Raises 55000 it is not being purged, or by another session at this moment, or something outside of its schema depends on it. Members of tenancy_admin.';

-- Without a SET clause, with which it could not commit: so every name in it has its schema.
CREATE PROCEDURE tenancy.purge(name text, force boolean DEFAULT false, id bigint DEFAULT NULL)
  LANGUAGE plpgsql AS $$
DECLARE
  removed pg_catalog.text;
BEGIN
  id := tenancy.purge_start(name, force, id);
  COMMIT;
  LOOP
    removed := tenancy.purge_batch(id);
    COMMIT;
    EXIT WHEN removed IS NULL;
    RAISE NOTICE '%', removed;
  END LOOP;
END
$$;
REVOKE ALL ON PROCEDURE tenancy.purge(text, boolean, bigint) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE tenancy.purge(text, boolean, bigint) TO tenancy_admin;
COMMENT ON PROCEDURE tenancy.purge(text, boolean, bigint) IS
  'Removes a dropped tenant for good: data, schema, roles, hostnames, logins, settings. Works in small transactions, so that a tenant of any size goes with default settings while others work; whatever ends it, the next call goes on. force: also before tenancy.retention has passed. id: which one, when several had the name. Raises 3D000 no such dropped tenant, 55000 still to be kept or needed by something outside of it, 2D000 inside a transaction block. Members of tenancy_admin.';
