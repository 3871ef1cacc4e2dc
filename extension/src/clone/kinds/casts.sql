-- Casts from or to a type of the schema, or by a function of it. They lie in no schema.
SELECT 'pg_cast'::regclass::oid, k.oid, 0, true,
  format('CREATE CAST (%s AS %s) %s%s', format_type(k.castsource, NULL), format_type(k.casttarget, NULL),
    CASE k.castmethod WHEN 'b' THEN 'WITHOUT FUNCTION' WHEN 'i' THEN 'WITH INOUT' ELSE 'WITH FUNCTION ' || @signature(k.castfunc::oid)@ END,
    CASE k.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' END)
FROM pg_cast k
WHERE k.oid IN (
  SELECT d.objid FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass
    AND (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (@members(pg_type)@)
      OR d.refclassid = 'pg_proc'::regclass AND d.refobjid IN (@members(pg_proc)@)))
  AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_cast'::regclass AND i.objid = k.oid AND i.deptype = 'i')
