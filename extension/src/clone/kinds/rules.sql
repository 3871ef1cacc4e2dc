-- Rules but those that make a view.
SELECT 'pg_rewrite'::regclass::oid, r.oid, 0, false, rtrim(pg_get_ruledef(r.oid, true), ';')
FROM pg_rewrite r WHERE r.ev_class IN (@members(pg_class)@) AND r.rulename <> '_RETURN'
UNION ALL
SELECT 'pg_rewrite'::regclass::oid, r.oid, 1, false, format('ALTER TABLE %s %s RULE %I', @relation(r.ev_class)@,
  CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' END, r.rulename)
FROM pg_rewrite r WHERE r.ev_class IN (@members(pg_class)@) AND r.rulename <> '_RETURN' AND r.ev_enabled <> 'O'
