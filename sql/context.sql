-- The session's context. EXECUTE is PUBLIC's: inside a tenant the current user is the tenant
-- role, so the functions themselves check the login, its grants and the key.

CREATE FUNCTION tenancy.enter(tenant text, seal text DEFAULT NULL, "as" text DEFAULT 'member') RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'enter_wrapper';
COMMENT ON FUNCTION tenancy.enter(text, text, text) IS
  'Puts the session into a tenant until leave(key), and returns the key that seals it (the given seal of 16 to 128 bytes, else a random one; NULL for a login granted unsealed contexts). Closes the session''s cursors. In a sealed context, seal must be its key: the session is cleaned and moves on. "as": member, or owner for members of tenancy_migrator. Raises 3D000 unknown tenant or no grant, 57P03 suspended, 28000 wrong key, 25001 a move inside a transaction block, 42501 inside a definer function, 22023 bad argument. Any login with a grant.';

CREATE FUNCTION tenancy.enter_local(tenant text, seal text DEFAULT NULL) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'enter_local_wrapper';
COMMENT ON FUNCTION tenancy.enter_local(text, text) IS
  'Puts the session into a tenant until the transaction ends; nothing ends it before. Closes the session''s cursors. Since a COMMIT may be anybody''s, the session stays bound afterwards: to seal (16 to 128 bytes), which every later enter() and enter_local() must then show, or without a seal to this tenant. Logins granted unsealed contexts are not bound. Raises 3D000 unknown tenant, 57P03 suspended, 25001 inside a subtransaction, 42501 in another context, in a definer function or in a session bound to another tenant, 28000 wrong seal, 22023 bad seal. Any login with a grant.';

CREATE FUNCTION tenancy.leave(key text DEFAULT NULL) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'leave_wrapper';
COMMENT ON FUNCTION tenancy.leave(text) IS
  'Ends the tenant context and cleans the session. key: what enter() returned. Does nothing outside of a context. Raises 28000 wrong key, 25001 inside a transaction block, 42501 in a context of the transaction or of a gateway. Anybody who has the key.';

CREATE FUNCTION tenancy.seal(secret text) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'seal_wrapper';
COMMENT ON FUNCTION tenancy.seal(text) IS
  'Seals a gateway''s connection with a secret of 16 to 128 bytes, once, and closes it: nothing runs but switch(). Raises 42501 for others than members of tenancy_gateway or in a context, 25001 inside a transaction block, 22023 bad secret.';

CREATE FUNCTION tenancy.switch(seal text, tenant text) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'switch_wrapper';
COMMENT ON FUNCTION tenancy.switch(text, text) IS
  'Cleans a gateway''s connection and puts it into a tenant; tenant NULL leaves it between tenants. tenant: a name, or a route ''<tenant id>/<generation>'' as resolve() gave it, which must still hold. Returns ''<tenant id>/<generation>'', NULL for no tenant. A failed call leaves the connection between tenants, and so does every FunctionCall message that fails outside of a transaction block. Raises 28000 wrong seal, 3D000 unknown tenant, 40001 outdated route, 57P03 suspended, 25001 inside a transaction block, 55000 not a gateway''s connection. Anybody who has the seal; call it by a FunctionCall message with its OID.';

CREATE FUNCTION tenancy.switch(seal text, tenant text, pooling text, settings text) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'switch_client_wrapper';
COMMENT ON FUNCTION tenancy.switch(text, text, text, text) IS
  'As switch(seal, tenant), for a client of the gateway. pooling: session, or transaction, where what would outlive a transaction is refused with 0A000. settings: what the client has set, set again in the tenant as by set_config(name, value, false) of its role; NULL or at most 64 lines name=value in 8192 bytes of printable ASCII, with \\ for a backslash, \n for the end of a line and \xNN for every other byte. RESET leads to the server''s value, not to these. Between two transactions the server tells, as parameters like client_encoding: tenancy.settings, the client''s settings as such a text, when SQL has changed any (! beyond the bounds); tenancy.residue, which of advisory_locks, cursors, listen, prepared, sequences, temporary the session holds, when that has changed. Raises besides 22023 bad pooling or settings, and what SET raises. Anybody who has the seal; call it by a FunctionCall message with its OID.';

CREATE FUNCTION tenancy.current() RETURNS text
  LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'current_wrapper';
COMMENT ON FUNCTION tenancy.current() IS
  'Name of the tenant that the session is in, NULL when it is in none. Anybody.';

CREATE FUNCTION tenancy.current_id() RETURNS bigint
  LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'current_id_wrapper';
COMMENT ON FUNCTION tenancy.current_id() IS
  'Id of the tenant that the session is in, NULL when it is in none. Anybody.';

CREATE FUNCTION tenancy.require() RETURNS text
  LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'require_wrapper';
COMMENT ON FUNCTION tenancy.require() IS
  'Name of the tenant that the session is in; raises 55000 when it is in none. Anybody.';

CREATE FUNCTION tenancy.version() RETURNS text
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'version_wrapper';
COMMENT ON FUNCTION tenancy.version() IS 'Version of the loaded library. Anybody.';
