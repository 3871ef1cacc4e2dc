-- Whatever changes the registry, by our functions or by hand, reaches every cache: backends by
-- relcache invalidation and the shared-memory epoch, sidecars by the generation and a NOTIFY.

CREATE FUNCTION tenancy.registry_changed() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'registry_changed';
REVOKE ALL ON FUNCTION tenancy.registry_changed() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.registry_changed() IS
  'Trigger: makes every backend forget what it cached of the registry when the transaction commits. Called by the registry''s tables only.';

CREATE FUNCTION tenancy.raise_generation() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    -- After a restore the sequence may lag behind the rows; what callers see must still rise.
    NEW.generation := greatest(nextval('tenancy.generation'), OLD.generation + 1,
                               (SELECT generation + 1 FROM tenancy.registry));
  END IF;
  PERFORM pg_notify('tenancy_registry', NEW.id::text);
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION tenancy.raise_generation() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.raise_generation() IS
  'Trigger: gives a changed tenant a new generation and hints at the change on channel tenancy_registry. Called by the registry''s tables only.';

CREATE FUNCTION tenancy.touch_tenant() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  changed bigint;
BEGIN
  FOR changed IN
    SELECT DISTINCT coalesce((r ->> 'tenant_id')::bigint, 0) FROM unnest(ARRAY[to_jsonb(OLD), to_jsonb(NEW)]) AS r
    WHERE r IS NOT NULL
  LOOP
    IF changed = 0 THEN
      INSERT INTO tenancy.registry (generation)
        VALUES (greatest(nextval('tenancy.generation'), (SELECT max(generation) + 1 FROM tenancy.tenant)))
        ON CONFLICT (id) DO UPDATE SET generation = greatest(excluded.generation, registry.generation + 1);
      PERFORM pg_notify('tenancy_registry', '*');
    ELSE
      UPDATE tenancy.tenant SET generation = generation WHERE id = changed;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION tenancy.touch_tenant() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.touch_tenant() IS
  'Trigger: a change of a domain or login is a change of its tenant, or of all. Called by the registry''s tables only.';

CREATE TRIGGER registry_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenancy.tenant
  FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
CREATE TRIGGER registry_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenancy.login
  FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
CREATE TRIGGER registry_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenancy.registry
  FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
CREATE TRIGGER raise_generation BEFORE INSERT OR UPDATE ON tenancy.tenant
  FOR EACH ROW EXECUTE FUNCTION tenancy.raise_generation();
CREATE TRIGGER touch_tenant AFTER INSERT OR UPDATE OR DELETE ON tenancy.domain
  FOR EACH ROW EXECUTE FUNCTION tenancy.touch_tenant();
CREATE TRIGGER touch_tenant AFTER INSERT OR UPDATE OR DELETE ON tenancy.login
  FOR EACH ROW EXECUTE FUNCTION tenancy.touch_tenant();
