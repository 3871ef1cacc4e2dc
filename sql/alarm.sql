-- What the guards refused: counters in shared memory, gone with a restart of the server. The audit
-- trail has the refusals themselves.

CREATE FUNCTION tenancy.stat_refusals(OUT tenant_id bigint, OUT refused bigint, OUT reported bigint,
    OUT unaudited bigint, OUT last bigint) RETURNS SETOF record
  LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'stat_refusals_wrapper';
REVOKE ALL ON FUNCTION tenancy.stat_refusals() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.stat_refusals() TO tenancy_admin;
COMMENT ON FUNCTION tenancy.stat_refusals() IS
  'What the view stat_tenants is made of: counters of this database by tenant id (0: no tenant, -1: tenants beyond the 16384 that are counted apart). last: microseconds since 2000. Members of tenancy_admin.';

CREATE FUNCTION tenancy.stat_tenants_reset() RETURNS void
  LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'stat_tenants_reset_wrapper';
REVOKE ALL ON FUNCTION tenancy.stat_tenants_reset() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenancy.stat_tenants_reset() TO tenancy_admin;
COMMENT ON FUNCTION tenancy.stat_tenants_reset() IS
  'Sets the counters of the view stat_tenants to zero. Members of tenancy_admin.';

CREATE VIEW tenancy.stat_tenants AS
  SELECT CASE WHEN s.tenant_id = -1 THEN '(others)' ELSE t.name END AS tenant, nullif(s.tenant_id, 0) AS tenant_id,
    sum(s.refused)::bigint AS refused, sum(s.reported)::bigint AS reported, sum(s.unaudited)::bigint AS unaudited,
    '2000-01-01 00:00:00+00'::timestamptz + nullif(max(s.last), 0) * interval '1 microsecond' AS last_refused
  FROM tenancy.stat_refusals() s LEFT JOIN tenancy.tenant t ON t.id = s.tenant_id
  GROUP BY 1, 2;
ALTER VIEW tenancy.stat_tenants OWNER TO tenancy_owner;
GRANT SELECT ON tenancy.stat_tenants TO tenancy_admin;
COMMENT ON VIEW tenancy.stat_tenants IS
  'What the guards refused (refused), let pass under tenancy.guard = warn or tenancy.alarm_only (reported), and how many refusals the audit trail does not tell because nobody could write them (unaudited), by tenant, since the start of the server. tenant NULL: outside of every tenant';
COMMENT ON COLUMN tenancy.stat_tenants.last_refused IS 'When the last refusal was';
