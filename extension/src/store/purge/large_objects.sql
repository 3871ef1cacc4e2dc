-- Large objects of the tenant's two roles $1 and $2. $3 how many.
SELECT NULL::oid, NULL::oid, format('SELECT lo_unlink(%s)', s.objid)
FROM pg_shdepend s
WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid IN (SELECT oid FROM pg_roles WHERE rolname IN ($1, $2)) AND s.deptype = 'o'
  AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND s.classid = 'pg_largeobject'::regclass
LIMIT $3
