CREATE VIEW tenancy.tenants AS
  SELECT id, name, schema, role, owner, status, suspension, reason, isolation, node, plan, template, created_at,
    ARRAY(SELECT f.name FROM tenancy.former_name f WHERE f.tenant_id = t.id AND f.until > now() ORDER BY f.until DESC) AS former_names
  FROM tenancy.tenant t WHERE dropped_at IS NULL;
ALTER VIEW tenancy.tenants OWNER TO tenancy_owner;
GRANT SELECT ON tenancy.tenants TO tenancy_admin;
COMMENT ON VIEW tenancy.tenants IS 'Tenants that are not dropped';

CREATE VIEW tenancy.dropped_tenants AS
  SELECT id, name, schema, status, dropped_at,
    dropped_at + pg_catalog.current_setting('tenancy.retention')::interval AS kept_until
  FROM tenancy.tenant WHERE dropped_at IS NOT NULL AND status <> 'purged';
ALTER VIEW tenancy.dropped_tenants OWNER TO tenancy_owner;
GRANT SELECT ON tenancy.dropped_tenants TO tenancy_admin;
COMMENT ON VIEW tenancy.dropped_tenants IS 'Tenants that undrop() brings back, or purge() removes for good, and until when they are kept';

CREATE VIEW tenancy.domains AS
  SELECT d.hostname, t.name AS tenant, d.is_primary
  FROM tenancy.domain d JOIN tenancy.tenant t ON t.id = d.tenant_id WHERE d.active;
ALTER VIEW tenancy.domains OWNER TO tenancy_owner;
GRANT SELECT ON tenancy.domains TO tenancy_admin;
COMMENT ON VIEW tenancy.domains IS 'Hostnames and the tenants they lead to';

CREATE VIEW tenancy.audit_log AS
  SELECT a.id, a.at, a.actor, a.action, t.name AS tenant, a.tenant_id, a.object, a.detail
  FROM tenancy.audit a LEFT JOIN tenancy.tenant t ON t.id = a.tenant_id;
ALTER VIEW tenancy.audit_log OWNER TO tenancy_owner;
GRANT SELECT ON tenancy.audit_log TO tenancy_admin;
COMMENT ON VIEW tenancy.audit_log IS 'What was done to the registry';
