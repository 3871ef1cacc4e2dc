-- Migrations: each is registered once and applied to the templates and to every tenant, in the order
-- of registration. So one number says of a tenant what it has: everything up to there. Who lacks
-- something is found by comparing that number with the last migration, whatever their count.

CREATE TABLE tenancy.migration (
  id bigint PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE CHECK (octet_length(name) BETWEEN 1 AND 200),
  script text NOT NULL,
  checksum text GENERATED ALWAYS AS (md5(script)) STORED,
  template text COLLATE "C" REFERENCES tenancy.template,
  in_transaction boolean NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now(),
  registered_by text COLLATE "C" NOT NULL
);
COMMENT ON TABLE tenancy.migration IS 'Changes of the tenants'' schemas, in the order in which every tenant gets them';
COMMENT ON COLUMN tenancy.migration.template IS 'The template whose tenants get it; NULL: every tenant';
COMMENT ON COLUMN tenancy.migration.in_transaction IS 'False: its statements cannot run in a transaction, as CREATE INDEX CONCURRENTLY';

CREATE TABLE tenancy.tenant_migration (
  tenant_id bigint PRIMARY KEY REFERENCES tenancy.tenant ON DELETE CASCADE,
  done bigint NOT NULL DEFAULT 0,
  state text NOT NULL CHECK (state IN ('done', 'failed', 'running')),
  migration bigint REFERENCES tenancy.migration,
  steps integer NOT NULL DEFAULT 0,
  sqlstate text,
  message text,
  detail text,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  duration interval
);
COMMENT ON TABLE tenancy.tenant_migration IS 'Where each tenant stands: no row, no migration. What was applied when is in the audit trail';
COMMENT ON COLUMN tenancy.tenant_migration.done IS 'The tenant has every migration up to this id that concerns it';
COMMENT ON COLUMN tenancy.tenant_migration.migration IS 'The migration that state, error, time and duration are about';
COMMENT ON COLUMN tenancy.tenant_migration.steps IS 'Statements that are done of a migration that runs outside of a transaction';

CREATE TABLE tenancy.template_migration (
  template text COLLATE "C" PRIMARY KEY REFERENCES tenancy.template ON DELETE CASCADE,
  includes bigint NOT NULL DEFAULT 0,
  done bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE tenancy.template_migration IS 'Which migrations tenants made of a template have at birth. Its rows are locked while a template is migrated or copied';
COMMENT ON COLUMN tenancy.template_migration.done IS 'Tenants made of the template have every migration up to this id that concerns them';
COMMENT ON COLUMN tenancy.template_migration.includes IS 'Of these, a script does itself what those up to this id do; the rest is replayed after it';

ALTER TABLE tenancy.migration OWNER TO tenancy_owner;
ALTER TABLE tenancy.tenant_migration OWNER TO tenancy_owner;
ALTER TABLE tenancy.template_migration OWNER TO tenancy_owner;
GRANT SELECT ON tenancy.migration, tenancy.tenant_migration, tenancy.template_migration TO tenancy_admin;

CREATE FUNCTION tenancy.register_migration(name text, script text, template text DEFAULT NULL) RETURNS bigint
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'register_migration_wrapper';
REVOKE ALL ON FUNCTION tenancy.register_migration(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.register_migration(text, text, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.register_migration(text, text, text) IS
  'Registers a migration for the tenants of a template, or for every tenant; nothing is applied yet. Returns its id: tenants get migrations in the order of their ids. The same name with the same text again changes nothing. Raises 22023 bad name or a script that controls transactions or mixes CREATE or DROP INDEX CONCURRENTLY with other statements, 42601 a script that does not parse, 42704 unknown template, 55000 the name is registered with another text or template. Members of tenancy_admin.';

CREATE FUNCTION tenancy.migrate_tenant(tenant text, upto text DEFAULT NULL) RETURNS integer
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrate_tenant_wrapper';
REVOKE ALL ON FUNCTION tenancy.migrate_tenant(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.migrate_tenant(text, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.migrate_tenant(text, text) IS
  'Applies to a tenant, in the running transaction, what it lacks of the migrations up to the named one, or of all: each statement as the tenant''s owner role. The tenant is locked until the transaction ends. Returns how many were applied. Raises 3D000 unknown tenant, 42704 unknown migration, 55000 a tenant that is not provisioned or is being migrated, 0A000 a migration that cannot run in a transaction, a statement''s own error with its place in the DETAIL. Members of tenancy_admin.';

CREATE FUNCTION tenancy.migrate_template(template text, upto text DEFAULT NULL) RETURNS integer
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrate_template_wrapper';
REVOKE ALL ON FUNCTION tenancy.migrate_template(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.migrate_template(text, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.migrate_template(text, text) IS
  'The same for a template, so that tenants made of it have the migrations at birth: a schema is changed as its owner, who must be a role of the caller; of a script, create() replays the migrations after it. CONCURRENTLY is left out there. Returns how many were applied. Raises 42704 unknown template or migration, 42501 a schema of somebody else, a statement''s own error with its place in the DETAIL. Members of tenancy_admin.';

CREATE FUNCTION tenancy.migration_failed(tenant text, sqlstate text, message text, detail text DEFAULT NULL) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migration_failed_wrapper';
REVOKE ALL ON FUNCTION tenancy.migration_failed(text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.migration_failed(text, text, text, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.migration_failed(text, text, text, text) IS
  'Notes, in a transaction of its own after the one that failed, why the next migration of a tenant failed. Does nothing when the tenant lacks none. Raises 3D000 unknown tenant. Members of tenancy_admin.';

CREATE FUNCTION tenancy.migration_step(tenant text, migration text, done boolean DEFAULT false) RETURNS text
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migration_step_wrapper';
REVOKE ALL ON FUNCTION tenancy.migration_step(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.migration_step(text, text, boolean) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.migration_step(text, text, boolean) IS
  'The next statement of a migration that runs outside of a transaction, to be run in the tenant as its owner by another session; NULL when all are done. done: the one that was given last has succeeded. An invalid index that a failed attempt has left is dropped. The tenant is kept for this session until it ends or the migration is done. Raises 3D000 unknown tenant, 42704 unknown migration, 55000 a tenant that is being migrated or lacks an earlier migration. Members of tenancy_admin.';

CREATE FUNCTION tenancy.mark_migrated(upto text, tenant text DEFAULT NULL, template text DEFAULT NULL) RETURNS void
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'mark_migrated_wrapper';
REVOKE ALL ON FUNCTION tenancy.mark_migrated(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.mark_migrated(text, text, text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.mark_migrated(text, text, text) IS
  'Says that a tenant, or a template, has every migration up to the named one already: after a repair by hand, an adoption, or when a template''s script was brought up to date. Nothing is applied. Raises 3D000 unknown tenant, 42704 unknown migration or template, 55000 when it is past that migration, 22023 not exactly one of tenant and template. Members of tenancy_admin.';

CREATE FUNCTION tenancy.lacking_migrations(upto text DEFAULT NULL)
  RETURNS TABLE (tenant_id bigint, tenant text, template text, status text, migration text, state text, sqlstate text, message text)
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH last (template, id) AS MATERIALIZED (
    SELECT m.template, max(m.id) FROM tenancy.migration m
    WHERE upto IS NULL OR m.id <= (SELECT n.id FROM tenancy.migration n WHERE n.name = upto)
    GROUP BY m.template)
  SELECT t.id, t.name, t.template, t.status,
    (SELECT m.name FROM tenancy.migration m WHERE m.id > coalesce(s.done, 0)
       AND (m.template IS NULL OR m.template = t.template) ORDER BY m.id LIMIT 1),
    s.state, s.sqlstate, s.message
  FROM tenancy.tenant t
    LEFT JOIN tenancy.tenant_migration s ON s.tenant_id = t.id
    LEFT JOIN last own ON own.template = t.template
    LEFT JOIN last common ON common.template IS NULL
  WHERE t.dropped_at IS NULL AND t.status <> 'registered' AND t.node = 'local'
    AND coalesce(s.done, 0) < greatest(own.id, common.id)
  ORDER BY t.id
$$;
REVOKE ALL ON FUNCTION tenancy.lacking_migrations(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.lacking_migrations(text) TO tenancy_admin;
COMMENT ON FUNCTION tenancy.lacking_migrations(text) IS
  'The tenants that lack a migration up to the named one, or any: one row each with the first that is lacking, and what became of the last attempt. One look at each tenant, however many migrations there are. Members of tenancy_admin.';

CREATE VIEW tenancy.migrations AS
  SELECT m.id, m.name, m.template, m.checksum, m.in_transaction, m.registered_at, m.registered_by,
    count(t.id) FILTER (WHERE coalesce(s.done, 0) >= m.id) AS done,
    count(t.id) FILTER (WHERE coalesce(s.done, 0) < m.id AND s.state = 'failed' AND s.migration = m.id) AS failed,
    count(t.id) FILTER (WHERE coalesce(s.done, 0) < m.id AND (s.state = 'failed' AND s.migration = m.id) IS NOT TRUE) AS lacking
  FROM tenancy.migration m
    LEFT JOIN (tenancy.tenant t LEFT JOIN tenancy.tenant_migration s ON s.tenant_id = t.id)
      ON t.dropped_at IS NULL AND t.status <> 'registered' AND t.node = 'local'
         AND (m.template IS NULL OR m.template = t.template)
  GROUP BY m.id;
ALTER VIEW tenancy.migrations OWNER TO tenancy_owner;
GRANT SELECT ON tenancy.migrations TO tenancy_admin;
COMMENT ON VIEW tenancy.migrations IS 'Migrations, and how many tenants have each, failed at it, or lack it';

CREATE VIEW tenancy.tenant_migrations AS
  SELECT t.id AS tenant_id, t.name AS tenant, d.name AS done, s.state, m.name AS migration,
    s.sqlstate, s.message, s.detail, s.at, s.duration
  FROM tenancy.tenant t LEFT JOIN tenancy.tenant_migration s ON s.tenant_id = t.id
    LEFT JOIN tenancy.migration d ON d.id = s.done LEFT JOIN tenancy.migration m ON m.id = s.migration
  WHERE t.dropped_at IS NULL;
ALTER VIEW tenancy.tenant_migrations OWNER TO tenancy_owner;
GRANT SELECT ON tenancy.tenant_migrations TO tenancy_admin;
COMMENT ON VIEW tenancy.tenant_migrations IS 'Up to which migration each tenant is done, and what became of the last attempt';

CREATE PROCEDURE tenancy.migrate(upto text DEFAULT NULL, max_failures integer DEFAULT 0)
  LANGUAGE plpgsql AS $$
DECLARE
  names pg_catalog.text[] := ARRAY(SELECT l.tenant FROM tenancy.lacking_migrations(upto) l);
  templates pg_catalog.text[] := ARRAY(SELECT t.name FROM tenancy.template t ORDER BY t.name);
  this pg_catalog.text;
  made_of pg_catalog.text;
  applied pg_catalog.int4;
  migrated pg_catalog.int4 := 0;
  failed pg_catalog.int4 := 0;
  state pg_catalog.text;
  message pg_catalog.text;
  detail pg_catalog.text;
BEGIN
  IF upto IS NOT NULL AND NOT EXISTS (SELECT FROM tenancy.migration m WHERE m.name OPERATOR(pg_catalog.=) upto) THEN
    RAISE EXCEPTION 'unknown migration "%"', upto USING ERRCODE = 'undefined_object';
  END IF;
  FOREACH this IN ARRAY names LOOP
    BEGIN
      applied := tenancy.migrate_tenant(this, upto);
      migrated := migrated OPERATOR(pg_catalog.+) 1;
      RAISE NOTICE 'tenant "%": % applied (% of %)', this, applied, migrated, pg_catalog.cardinality(names);
      state := NULL;
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    END;
    IF state IS NOT NULL THEN
      failed := failed OPERATOR(pg_catalog.+) 1;
      PERFORM tenancy.migration_failed(this, state, message, detail);
      RAISE NOTICE 'tenant "%": failed: % (%)', this, message, state USING DETAIL = detail;
    END IF;
    COMMIT;
    IF failed OPERATOR(pg_catalog.>) max_failures THEN
      RAISE EXCEPTION 'stopped after % failures; % of % tenants are migrated', failed, migrated, pg_catalog.cardinality(names)
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = 'SELECT * FROM tenancy.tenant_migrations WHERE state = ''failed'' shows them; the call again goes on where this one stopped.';
    END IF;
    -- After the first of its tenants: what fails there breaks no template.
    SELECT t.template INTO made_of FROM tenancy.tenant t WHERE t.name OPERATOR(pg_catalog.=) this AND t.dropped_at IS NULL;
    IF state IS NULL AND made_of OPERATOR(pg_catalog.=) ANY (templates) THEN
      PERFORM tenancy.migrate_template(made_of, upto);
      templates := pg_catalog.array_remove(templates, made_of);
      COMMIT;
    END IF;
  END LOOP;
  IF failed OPERATOR(pg_catalog.=) 0 THEN
    PERFORM tenancy.migrate_template(t, upto) FROM pg_catalog.unnest(templates) t;
  END IF;
  RAISE NOTICE '% tenants migrated, % failed', migrated, failed;
END
$$;
REVOKE ALL ON PROCEDURE tenancy.migrate(text, integer) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE tenancy.migrate(text, integer) TO tenancy_admin;
COMMENT ON PROCEDURE tenancy.migrate(text, integer) IS
  'Applies what is lacking of the migrations up to the named one, or of all, to every tenant, one after the other, each in a transaction of its own, and to each template after the first of its tenants. Stops with 55000 when more than max_failures tenants have failed; called again it goes on where it stopped. Raises 42704 unknown migration. Members of tenancy_admin.';
