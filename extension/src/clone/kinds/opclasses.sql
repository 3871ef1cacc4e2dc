-- Operator classes; the superuser's to make.
SELECT 'pg_opclass'::regclass::oid, c.oid, 0, true,
  format('CREATE OPERATOR CLASS %I%s FOR TYPE %s USING %I FAMILY %s AS %s', c.opcname, CASE WHEN c.opcdefault THEN ' DEFAULT' END,
    format_type(c.opcintype, NULL), m.amname, @opfamily(c.opcfamily)@,
    concat_ws(', ', CASE WHEN c.opckeytype <> 0 THEN 'STORAGE ' || format_type(c.opckeytype, NULL) END,
      coalesce((SELECT string_agg(i.item, ', ' ORDER BY i.item) FROM pg_depend d, LATERAL (@opmember(d)@) AS i (item)
      WHERE d.refclassid = 'pg_opclass'::regclass AND d.refobjid = c.oid AND d.deptype = 'i'),
        'STORAGE ' || format_type(c.opcintype, NULL))))
FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod
WHERE c.oid IN (@members(pg_opclass)@)
UNION ALL
SELECT 'pg_opclass'::regclass::oid, c.oid, 1, true, format('ALTER OPERATOR CLASS %I USING %I OWNER TO %s', c.opcname, m.amname, $4)
FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod
WHERE c.oid IN (@members(pg_opclass)@)
