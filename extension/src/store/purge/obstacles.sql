-- What outside of a schema depends on its objects, and members of extensions among them: neither may
-- vanish with the schema. $1 schema; $2, $3 catalogs and ids of the objects, all of the schema when NULL.
WITH members AS MATERIALIZED (
  SELECT d.classid, d.objid FROM pg_depend d
  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = $1 AND d.deptype = 'n' AND $2::oid[] IS NULL
  UNION ALL SELECT classid, objid FROM unnest($2::oid[], $3::oid[]) AS u (classid, objid)
), objects AS MATERIALIZED (
  SELECT classid, objid FROM members
  UNION ALL SELECT 'pg_type'::regclass, c.reltype FROM members JOIN pg_class c ON classid = 'pg_class'::regclass AND c.oid = objid AND c.reltype <> 0
), dependents AS (
  SELECT DISTINCT d.classid, d.objid, d.objsubid, o.classid AS oclass, o.objid AS oid,
    CASE d.classid
      WHEN 'pg_rewrite'::regclass THEN (SELECT c.relnamespace FROM pg_rewrite x JOIN pg_class c ON c.oid = x.ev_class WHERE x.oid = d.objid)
      WHEN 'pg_trigger'::regclass THEN (SELECT c.relnamespace FROM pg_trigger x JOIN pg_class c ON c.oid = x.tgrelid WHERE x.oid = d.objid)
      WHEN 'pg_policy'::regclass THEN (SELECT c.relnamespace FROM pg_policy x JOIN pg_class c ON c.oid = x.polrelid WHERE x.oid = d.objid)
      WHEN 'pg_attrdef'::regclass THEN (SELECT c.relnamespace FROM pg_attrdef x JOIN pg_class c ON c.oid = x.adrelid WHERE x.oid = d.objid)
      WHEN 'pg_constraint'::regclass THEN (SELECT x.connamespace FROM pg_constraint x WHERE x.oid = d.objid)
      WHEN 'pg_class'::regclass THEN (SELECT x.relnamespace FROM pg_class x WHERE x.oid = d.objid)
      WHEN 'pg_type'::regclass THEN (SELECT x.typnamespace FROM pg_type x WHERE x.oid = d.objid)
      WHEN 'pg_proc'::regclass THEN (SELECT x.pronamespace FROM pg_proc x WHERE x.oid = d.objid)
      WHEN 'pg_event_trigger'::regclass THEN 0
      WHEN 'pg_operator'::regclass THEN (SELECT x.oprnamespace FROM pg_operator x WHERE x.oid = d.objid)
      ELSE $1 END AS place
  FROM objects o JOIN pg_depend d ON d.refclassid = o.classid AND d.refobjid = o.objid AND d.deptype = 'n'
)
SELECT format('%s depends on %s', pg_describe_object(classid, objid, objsubid), pg_describe_object(oclass, oid, 0))
FROM dependents WHERE place <> $1 AND place NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\_toast%')
UNION ALL
SELECT format('%s belongs to extension %I', pg_describe_object(m.classid, m.objid, 0), e.extname)
FROM members m JOIN pg_depend x ON x.classid = m.classid AND x.objid = m.objid AND x.refclassid = 'pg_extension'::regclass AND x.deptype = 'e'
  JOIN pg_extension e ON e.oid = x.refobjid
LIMIT 10
