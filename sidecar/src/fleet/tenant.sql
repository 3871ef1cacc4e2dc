SELECT t.schema, t.plan, t.template, current_setting('server_version') AS server_version,
  coalesce((SELECT jsonb_object_agg(key, value) FROM tenancy.setting s WHERE s.tenant_id = t.id), '{}')::text AS settings,
  coalesce((SELECT jsonb_object_agg(m.name, m.checksum) FROM tenancy.tenant_migration s JOIN tenancy.migration m ON m.id <= s.done
    WHERE s.tenant_id = t.id AND (m.template IS NULL OR m.template = t.template)), '{}')::text AS migrations,
  ARRAY(SELECT hostname FROM tenancy.domain d WHERE d.tenant_id = t.id AND d.active ORDER BY is_primary DESC, hostname) AS domains
FROM tenancy.tenant t
WHERE t.name = $1 AND t.dropped_at IS NULL
