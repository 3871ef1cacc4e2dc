SELECT tenancy.import_begin($1, $2, $3, $4, $5, $6, $7,
  plan => (SELECT name FROM tenancy.plan WHERE name = $8),
  template => (SELECT name FROM tenancy.template WHERE name = $9),
  settings => $10::text::jsonb,
  migrations => $11::text::jsonb)
