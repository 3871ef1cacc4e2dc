-- Collations. Those of PostgreSQL that hold for every encoding can only be copied, not spelled out.
SELECT 'pg_collation'::regclass::oid, c.oid, 0, false,
  CASE WHEN c.collprovider = 'c' AND c.collencoding = -1
    THEN format('CREATE COLLATION %I FROM pg_catalog.%I', c.collname,
      (SELECT o.collname FROM pg_collation o WHERE o.collnamespace = 'pg_catalog'::regnamespace AND o.collprovider = 'c'
         AND o.collencoding = -1 AND o.collcollate = c.collcollate AND o.collctype = c.collctype ORDER BY o.oid LIMIT 1))
    ELSE format('CREATE COLLATION %I (%s)', c.collname, concat_ws(', ',
      'provider = ' || CASE c.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' END,
      CASE WHEN c.collprovider = 'c' THEN format('lc_collate = %L, lc_ctype = %L', c.collcollate, c.collctype)
        ELSE format('locale = %L', coalesce(j->>'colliculocale', j->>'colllocale')) END,
      CASE WHEN NOT c.collisdeterministic THEN 'deterministic = false' END,
      'rules = ' || quote_literal(j->>'collicurules')))
  END
FROM pg_collation c, to_jsonb(c) j
WHERE c.oid IN (@members(pg_collation)@)
