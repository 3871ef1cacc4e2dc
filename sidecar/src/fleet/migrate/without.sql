SELECT t.name, t.template, coalesce($1, ''), false, t.status FROM tenancy.tenant t
WHERE t.dropped_at IS NULL AND t.status <> 'registered' AND t.node = 'local'
  AND NOT EXISTS (SELECT FROM tenancy.tenant_command c WHERE c.tenant_id = t.id AND c.name = $1)
ORDER BY t.id
