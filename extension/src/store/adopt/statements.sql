-- The statements that make a schema a tenant's. $1 schema, $2 tenant role, $3 owner role, in the order
-- of their numbers. All by name from the schema's own objects: ... ON ALL TABLES reads every table there is.
WITH place AS MATERIALIZED (SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname = $1),
members AS MATERIALIZED (
  SELECT d.classid, d.objid, i.type, CASE i.type WHEN 'operator' THEN d.objid::regoperator::text ELSE i.identity END AS identity
  FROM place, pg_depend d, pg_identify_object(d.classid, d.objid, 0) i
  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = place.oid AND d.deptype = 'n'
    AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = d.classid AND x.objid = d.objid
      AND (x.deptype = 'e' OR x.deptype = 'i' AND x.classid = 'pg_proc'::regclass))
), kinds (type, word, grants) AS (VALUES
  ('table', 'TABLE', 'SELECT, INSERT, UPDATE, DELETE ON TABLE'), ('foreign table', 'FOREIGN TABLE', 'SELECT, INSERT, UPDATE, DELETE ON TABLE'),
  ('view', 'VIEW', 'SELECT, INSERT, UPDATE, DELETE ON TABLE'), ('materialized view', 'MATERIALIZED VIEW', 'SELECT ON TABLE'),
  ('sequence', 'SEQUENCE', 'USAGE, SELECT, UPDATE ON SEQUENCE'),
  ('function', 'ROUTINE', 'EXECUTE ON ROUTINE'), ('procedure', 'ROUTINE', 'EXECUTE ON ROUTINE'), ('aggregate', 'ROUTINE', 'EXECUTE ON ROUTINE'),
  ('type', 'TYPE', NULL), ('composite type', 'TYPE', NULL), ('domain', 'DOMAIN', NULL), ('operator', 'OPERATOR', NULL),
  ('operator class', 'OPERATOR CLASS', NULL), ('operator family', 'OPERATOR FAMILY', NULL), ('collation', 'COLLATION', NULL),
  ('conversion', 'CONVERSION', NULL), ('statistics object', 'STATISTICS', NULL),
  ('text search dictionary', 'TEXT SEARCH DICTIONARY', NULL), ('text search configuration', 'TEXT SEARCH CONFIGURATION', NULL)
), objects AS MATERIALIZED (
  SELECT m.*, k.word, k.grants,
    -- The superuser's by design.
    m.classid = 'pg_proc'::regclass AND EXISTS (SELECT FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang JOIN pg_roles o ON o.oid = p.proowner
      WHERE p.oid = m.objid AND NOT l.lanpltrusted AND o.rolsuper)
    OR m.classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type t JOIN pg_roles o ON o.oid = t.typowner
      WHERE t.oid = m.objid AND t.typtype IN ('b', 'p') AND o.rolsuper)
    OR m.classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type t WHERE t.oid = m.objid AND t.typtype = 'm') AS stays,
    m.type = 'sequence' AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = m.classid AND d.objid = m.objid
      AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')) AS follows
  FROM members m JOIN kinds k USING (type)
), acls AS (
  SELECT o.objid, o.classid, c.relacl AS acl FROM objects o JOIN pg_class c ON c.oid = o.objid WHERE o.classid = 'pg_class'::regclass
  UNION ALL
  SELECT o.objid, o.classid, a.attacl FROM objects o JOIN pg_attribute a ON a.attrelid = o.objid WHERE o.classid = 'pg_class'::regclass AND a.attacl IS NOT NULL
  UNION ALL
  SELECT o.objid, o.classid, coalesce(p.proacl, acldefault('f', p.proowner)) FROM objects o JOIN pg_proc p ON p.oid = o.objid WHERE o.classid = 'pg_proc'::regclass
  UNION ALL
  SELECT o.objid, o.classid, t.typacl FROM objects o JOIN pg_type t ON t.oid = o.objid WHERE o.classid = 'pg_type'::regclass
), grantees AS (
  SELECT DISTINCT o.word, o.identity, o.classid, x.grantee, coalesce(r.rolname, '') AS name
  FROM objects o JOIN acls a USING (classid, objid), aclexplode(a.acl) x LEFT JOIN pg_roles r ON r.oid = x.grantee
  WHERE NOT (o.classid = 'pg_type'::regclass AND x.grantee = 0) AND NOT (o.stays AND coalesce(r.rolsuper, false))
)
SELECT 1 AS number, format('ALTER SCHEMA %I OWNER TO %I', $1, $3)
UNION ALL
SELECT 2, format('REVOKE ALL ON SCHEMA %I FROM %s CASCADE', $1, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END)
FROM place, aclexplode(place.nspacl) x LEFT JOIN pg_roles r ON r.oid = x.grantee WHERE x.grantee <> place.nspowner
UNION ALL
SELECT 3, format('GRANT USAGE ON SCHEMA %I TO %I', $1, $2)
UNION ALL
SELECT 4, format('ALTER %s %s OWNER TO %I', word, identity, $3) FROM objects WHERE NOT stays AND NOT follows
UNION ALL
SELECT 5, format('ALTER TYPE %s OWNER TO %I', r.rngmultitypid::regtype, $3)
FROM objects o JOIN pg_range r ON r.rngtypid = o.objid
WHERE o.classid = 'pg_type'::regclass AND current_setting('server_version_num')::int < 170000
UNION ALL
SELECT 6, format('REVOKE ALL ON %s %s FROM %s CASCADE', CASE WHEN word IN ('SEQUENCE', 'ROUTINE') THEN word WHEN classid = 'pg_class'::regclass THEN 'TABLE' ELSE 'TYPE' END,
  identity, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(name) END)
FROM grantees
UNION ALL
SELECT 7, format('GRANT %s %s TO %I', grants, identity, $2) FROM objects WHERE grants IS NOT NULL
UNION ALL
SELECT 7, format('GRANT EXECUTE ON ROUTINE %s TO %I', identity, $3) FROM objects WHERE stays AND word = 'ROUTINE'
UNION ALL
SELECT DISTINCT 8, format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA %I REVOKE ALL ON %s FROM %s', a.defaclrole::regrole, $1,
  CASE a.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END,
  CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE (SELECT quote_ident(rolname) FROM pg_roles WHERE oid = x.grantee) END)
FROM place JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = place.oid AND d.classid = 'pg_default_acl'::regclass
  JOIN pg_default_acl a ON a.oid = d.objid, aclexplode(a.defaclacl) x
ORDER BY 1
