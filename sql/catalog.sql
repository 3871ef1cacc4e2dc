-- What a tenant sees of PostgreSQL's catalogs. EXECUTE is PUBLIC's: the planner puts calls into
-- every query on a catalog inside a tenant, views of other owners included.

-- Unsafe, so that no query on a catalog gets parallel workers: a tenant's own objects are found by
-- indexes, and the planner would at times rather have workers read all tenants'.
CREATE FUNCTION tenancy.own(class oid) RETURNS oid[]
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'own_wrapper';
COMMENT ON FUNCTION tenancy.own(oid) IS
  'OIDs of the objects of a class (the OID of its catalog, 0 for the rare classes together) that the session''s tenant sees beyond PostgreSQL''s own: in its schema, in the shared schemas, temporary, or granted to tenancy_tenant. Empty for NULL and outside of a tenant. Raises nothing. Anybody.';

CREATE FUNCTION tenancy.has_role(role oid, privilege text) RETURNS boolean
  LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'has_role_wrapper';
COMMENT ON FUNCTION tenancy.has_role(oid, text) IS
  'pg_has_role(role, privilege), and true for the role that owns the objects of the session''s tenant: the planner puts it into views of the information schema inside a tenant, so that constraint_column_usage and the like show a member its tables. NULL for NULL. Raises 22023 unknown privilege. Anybody.';
