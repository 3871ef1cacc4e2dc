SELECT t.name FROM tenancy.template t LEFT JOIN tenancy.template_migration p ON p.template = t.name
WHERE EXISTS (
  SELECT FROM tenancy.migration m WHERE m.id > coalesce(p.done, 0) AND (m.template IS NULL OR m.template = t.name)
    AND ($1::text IS NULL OR m.id <= (SELECT id FROM tenancy.migration WHERE name = $1)))
ORDER BY t.name
