-- Membership of publications, which belong to the database.
SELECT 'pg_publication_rel'::regclass::oid, r.oid, 0, true,
  format('ALTER PUBLICATION %I ADD TABLE ONLY %s%s%s', p.pubname, @relation(r.prrelid)@,
    (SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')' FROM pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[])),
    ' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')')
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
WHERE r.prrelid IN (@members(pg_class)@)
UNION ALL
SELECT 'pg_publication_namespace'::regclass::oid, r.oid, 0, true, format('ALTER PUBLICATION %I ADD TABLES IN SCHEMA %s', p.pubname, $3)
FROM pg_publication_namespace r JOIN pg_publication p ON p.oid = r.pnpubid
WHERE r.pnnspid = $1
