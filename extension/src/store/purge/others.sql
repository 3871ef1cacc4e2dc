-- All that is left once the tables are gone. $1 schema, $2 how many.
SELECT d.classid, d.objid, format('DROP %s IF EXISTS %s CASCADE',
  CASE WHEN i.type IN ('function', 'procedure', 'aggregate') THEN 'ROUTINE' WHEN i.type = 'statistics object' THEN 'STATISTICS'
    WHEN i.type = 'composite type' THEN 'TYPE' ELSE upper(i.type) END,
  CASE i.type WHEN 'operator' THEN d.objid::regoperator::text ELSE i.identity END)
FROM pg_depend d, pg_identify_object(d.classid, d.objid, 0) i
WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = $1 AND d.deptype = 'n'
ORDER BY d.classid <> 'pg_class'::regclass, d.objid DESC LIMIT $2
