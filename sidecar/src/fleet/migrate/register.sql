WITH given AS MATERIALIZED (
  SELECT f.name, tenancy.register_migration(f.name, f.script, $3) AS id
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS f (name, script, place)
)
SELECT name FROM given ORDER BY id DESC LIMIT 1
