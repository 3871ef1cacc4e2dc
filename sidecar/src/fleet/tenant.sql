SELECT t.schema, t.plan, t.template, current_setting('server_version') AS server_version,
  coalesce((SELECT jsonb_object_agg(key, value) FROM tenancy.setting s WHERE s.tenant_id = t.id), '{}')::text AS settings,
  ARRAY(SELECT hostname FROM tenancy.domain d WHERE d.tenant_id = t.id AND d.active ORDER BY is_primary DESC, hostname) AS domains
FROM tenancy.tenant t
WHERE t.name = $1 AND t.dropped_at IS NULL
