-- What a tenant sees of PostgreSQL's catalogs. EXECUTE is PUBLIC's: the planner puts calls into
-- every query on a catalog inside a tenant, views of other owners included.

CREATE FUNCTION tenancy.own(class oid) RETURNS oid[]
  LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'own_wrapper';
COMMENT ON FUNCTION tenancy.own(oid) IS
  'OIDs of the objects of a class (the OID of its catalog, 0 for the rare classes together) that the session''s tenant sees beyond PostgreSQL''s own: in its schema, in the shared schemas, temporary, or granted to tenancy_tenant. Empty for NULL and outside of a tenant. Raises nothing. Anybody.';
