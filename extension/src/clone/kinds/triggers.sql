-- Triggers; their arguments are free text. A partition's copies come with the parent's, but each may
-- be enabled in its own way.
SELECT 'pg_trigger'::regclass::oid, t.oid, 0, false,
  CASE WHEN t.tgnargs > 0 AND right(d.text, length(a.text) + 1) = a.text || ')'
    THEN left(d.text, -length(a.text) - 1) || a.marked || ')' ELSE d.text END
FROM pg_trigger t,
  LATERAL (SELECT pg_get_triggerdef(t.oid, true) AS text OFFSET 0) d,
  LATERAL (SELECT string_agg(quote_literal(u.x), ', ' ORDER BY u.n) AS text, string_agg($2 || u.x || $2, ', ' ORDER BY u.n) AS marked
    FROM (SELECT convert_from(decode(h, 'hex'), getdatabaseencoding()) AS x, n
          FROM regexp_matches(encode(t.tgargs, 'hex'), '((?:(?!00)..)*)00', 'g') WITH ORDINALITY AS e (m, n), LATERAL (SELECT m[1]) AS o (h)) u) a
WHERE t.tgrelid IN (@members(pg_class)@) AND NOT t.tgisinternal AND t.tgparentid = 0
UNION ALL
SELECT 'pg_trigger'::regclass::oid, t.oid, 1, false, format('ALTER TABLE ONLY %s %s TRIGGER %I', @relation(t.tgrelid)@,
  CASE t.tgenabled WHEN 'O' THEN 'ENABLE' WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' END, t.tgname)
FROM pg_trigger t LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
WHERE t.tgrelid IN (@members(pg_class)@) AND NOT t.tgisinternal AND t.tgenabled <> coalesce(p.tgenabled, 'O')
