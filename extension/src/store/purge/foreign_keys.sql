-- Foreign keys: each locks two tables, so none is left when the tables go. $1 schema, $2 how many.
SELECT NULL::oid, NULL::oid, format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', k.conrelid::regclass, k.conname)
FROM pg_depend d JOIN pg_constraint k ON k.conrelid = d.objid
WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = $1 AND d.deptype = 'n' AND d.classid = 'pg_class'::regclass
  AND k.contype = 'f' AND k.conparentid = 0
LIMIT $2
