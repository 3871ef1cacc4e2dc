-- The registry's texts meet Rust's, which are UTF-8.
DO $$
BEGIN
  IF current_setting('server_encoding') <> 'UTF8' THEN
    RAISE EXCEPTION 'extension "tenancy" needs a database with encoding UTF8'
      USING ERRCODE = 'feature_not_supported',
            DETAIL = format('This database has encoding %s.', current_setting('server_encoding')),
            HINT = 'Create the database WITH ENCODING ''UTF8'' TEMPLATE template0.';
  END IF;
END
$$;

-- The roles of tenancy. Roles belong to the server, not to the database, so they may be there
-- already: from another database with tenancy, or from a restored dump of roles. They are taken
-- over when they carry our comment and are as harmless as we would make them; anything else is a
-- stranger's and stops the installation.
DO $$
DECLARE
  designed CONSTANT text[] := ARRAY[
    'tenancy_owner',    'tenancy: owns the registry and nothing else',
    'tenancy_admin',    'tenancy: may call the lifecycle functions',
    'tenancy_gateway',  'tenancy: may seal its connections and switch them between tenants',
    'tenancy_resolver', 'tenancy: may read routes and password verifiers',
    'tenancy_migrator', 'tenancy: may enter a tenant as its owner',
    'tenancy_bypass',   'tenancy: may touch tenants'' schemas without a context',
    'tenancy_tenant',   'tenancy: every tenant role is a member; what it may use is shared by all tenants'];
  name text;
  purpose text;
  present pg_roles%ROWTYPE;
BEGIN
  FOR i IN 1 .. array_length(designed, 1) BY 2 LOOP
    name := designed[i];
    purpose := designed[i + 1];
    SELECT * INTO present FROM pg_roles WHERE rolname = name;
    IF NOT FOUND THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
      EXECUTE format('COMMENT ON ROLE %I IS %L', name, purpose);
    ELSIF shobj_description(present.oid, 'pg_authid') IS DISTINCT FROM purpose
       OR present.rolsuper OR present.rolcreaterole OR present.rolcreatedb OR present.rolcanlogin
       OR present.rolreplication OR present.rolbypassrls
       OR EXISTS (SELECT FROM pg_auth_members WHERE member = present.oid)
       OR name = 'tenancy_owner' AND EXISTS (SELECT FROM pg_auth_members WHERE roleid = present.oid)
    THEN
      RAISE EXCEPTION 'role "%" exists and is not one that tenancy made', name
        USING ERRCODE = 'duplicate_object',
              DETAIL = 'It has other attributes, memberships or members, or lacks the comment that tenancy gives it.',
              HINT = format('Rename or drop the role, then run CREATE EXTENSION tenancy again: ALTER ROLE %I RENAME TO ...', name);
    END IF;
  END LOOP;
END
$$;

ALTER SCHEMA tenancy OWNER TO tenancy_owner;
REVOKE ALL ON SCHEMA tenancy FROM PUBLIC;
-- Anybody may look up the context functions; what they may call is decided function by function.
GRANT USAGE ON SCHEMA tenancy TO PUBLIC;
