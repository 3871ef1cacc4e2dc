-- Operator families, with the members that belong to none of their classes; the superuser's to make.
SELECT 'pg_opfamily'::regclass::oid, f.oid, s.part, true,
  CASE s.part WHEN 0 THEN format('CREATE OPERATOR FAMILY %I USING %I', f.opfname, m.amname)
    ELSE format('ALTER OPERATOR FAMILY %I USING %I OWNER TO %s', f.opfname, m.amname, $4) END
FROM pg_opfamily f JOIN pg_am m ON m.oid = f.opfmethod, LATERAL (VALUES (0), (1)) AS s (part)
WHERE f.oid IN (@members(pg_opfamily)@)
UNION ALL
SELECT 'pg_opfamily'::regclass::oid, f.oid, 2, true,
  format('ALTER OPERATOR FAMILY %I USING %I ADD %s', f.opfname, m.amname, string_agg(i.item, ', ' ORDER BY i.item))
FROM pg_opfamily f JOIN pg_am m ON m.oid = f.opfmethod
  JOIN pg_depend d ON d.refclassid = 'pg_opfamily'::regclass AND d.refobjid = f.oid AND d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass),
  LATERAL (@opmember(d)@) AS i (item)
WHERE f.oid IN (@members(pg_opfamily)@)
  AND NOT EXISTS (SELECT FROM pg_depend k WHERE k.classid = d.classid AND k.objid = d.objid AND k.refclassid = 'pg_opclass'::regclass)
GROUP BY f.oid, f.opfname, m.amname
