SELECT m.name, m.in_transaction FROM tenancy.migration m
WHERE ($1::text IS NULL OR m.id <= (SELECT id FROM tenancy.migration WHERE name = $1))
  AND m.id >= least(
    (SELECT min(n.id) FROM tenancy.lacking_migrations($1) l JOIN tenancy.migration n ON n.name = l.migration),
    (SELECT min(n.id) FROM tenancy.migration n WHERE EXISTS (
      SELECT FROM tenancy.template t LEFT JOIN tenancy.template_migration p ON p.template = t.name
      WHERE n.id > coalesce(p.done, 0) AND (n.template IS NULL OR n.template = t.name))))
ORDER BY m.id
