-- What is found in a schema that is to become a tenant: object, finding, what will be done or has to be
-- known, severity. $1 schema, $2 who asks, $3 shared schemas. From the schema's own objects down.
WITH RECURSIVE place AS MATERIALIZED (SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname = $1),
database AS MATERIALIZED (SELECT oid FROM pg_database WHERE datname = current_database()),
members AS MATERIALIZED (
  SELECT d.classid, d.objid,
    (SELECT e.extname FROM pg_depend x JOIN pg_extension e ON e.oid = x.refobjid
     WHERE x.classid = d.classid AND x.objid = d.objid AND x.deptype = 'e' AND x.refclassid = 'pg_extension'::regclass) AS extension
  FROM place, pg_depend d
  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = place.oid AND d.deptype = 'n'
    AND NOT (d.classid = 'pg_proc'::regclass AND EXISTS (SELECT FROM pg_depend x WHERE x.classid = d.classid AND x.objid = d.objid AND x.deptype = 'i'))
), tree (classid, objid) AS (
  SELECT classid, objid FROM members WHERE extension IS NULL
  UNION
  SELECT d.classid, d.objid FROM tree t JOIN pg_depend d ON d.refclassid = t.classid AND d.refobjid = t.objid
  WHERE d.deptype IN ('a', 'i', 'P', 'S') AND d.classid <> 'pg_publication_rel'::regclass
), owned AS (
  SELECT m.classid, m.objid, coalesce((SELECT s.refobjid FROM pg_shdepend s WHERE s.dbid = database.oid AND s.classid = m.classid AND s.objid = m.objid
    AND s.objsubid = 0 AND s.deptype = 'o'), 10) AS owner
  FROM database, members m WHERE extension IS NULL AND m.classid NOT IN ('pg_ts_parser'::regclass, 'pg_ts_template'::regclass)
), granted AS (
  SELECT m.classid, m.objid, 0 AS objsubid, c.relowner AS owner, c.relacl AS acl FROM members m JOIN pg_class c ON c.oid = m.objid
  WHERE m.classid = 'pg_class'::regclass AND m.extension IS NULL AND c.relacl IS NOT NULL
  UNION ALL
  SELECT m.classid, m.objid, a.attnum, c.relowner, a.attacl FROM members m JOIN pg_class c ON c.oid = m.objid JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE m.classid = 'pg_class'::regclass AND m.extension IS NULL AND a.attacl IS NOT NULL
  UNION ALL
  SELECT m.classid, m.objid, 0, p.proowner, p.proacl FROM members m JOIN pg_proc p ON p.oid = m.objid
  WHERE m.classid = 'pg_proc'::regclass AND m.extension IS NULL AND p.proacl IS NOT NULL
  UNION ALL
  SELECT m.classid, m.objid, 0, t.typowner, t.typacl FROM members m JOIN pg_type t ON t.oid = m.objid
  WHERE m.classid = 'pg_type'::regclass AND m.extension IS NULL AND t.typacl IS NOT NULL
  UNION ALL
  SELECT 'pg_namespace'::regclass, oid, 0, nspowner, nspacl FROM place WHERE nspacl IS NOT NULL
), refers AS (
  SELECT DISTINCT t.classid, t.objid, d.refclassid, d.refobjid, i.schema
  FROM place, tree t JOIN pg_depend d ON d.classid = t.classid AND d.objid = t.objid AND d.deptype = 'n',
    LATERAL pg_identify_object(d.refclassid, d.refobjid, 0) i
  WHERE d.refobjid >= 16384 AND d.refclassid <> 'pg_namespace'::regclass AND i.schema IS NOT NULL
    AND i.schema <> quote_ident(place.nspname) AND i.schema NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
)
SELECT format('schema %I', nspname), format('belongs to role %s', nspowner::regrole),
  'goes to the tenant''s owner role; who used it so far connects to the tenant from now on', 'notice'
FROM place
UNION ALL
SELECT format('schema %I', nspname), 'the application has been the owner of what it uses, or has had grants of its own',
  'inside the tenant it may SELECT, INSERT, UPDATE, DELETE, use sequences and call functions; TRUNCATE, ANALYZE, REFRESH and DDL take the owner: enter(..., "as" => ''owner'')', 'notice'
FROM place
UNION ALL
SELECT pg_describe_object(classid, objid, 0), format('belongs to role %s, whose rights you do not have', owner::regrole), 'let a superuser adopt the schema', 'error'
FROM owned WHERE NOT pg_has_role($2, owner, 'USAGE')
UNION ALL
SELECT format('%s objects', count(*)), format('belong to role %s', owner::regrole), 'go to the tenant''s owner role', 'notice'
FROM owned GROUP BY owner
UNION ALL
SELECT pg_describe_object(m.classid, m.objid, 0), format('belongs to extension %I', m.extension),
  'stays as it is; fingerprint, structure in verify(), clone and export refuse the schema until it is moved: ALTER EXTENSION ... SET SCHEMA', 'warning'
FROM members m WHERE m.extension IS NOT NULL
UNION ALL
SELECT pg_describe_object(g.classid, g.objid, g.objsubid),
  format('%s granted to %s', string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type), coalesce((SELECT quote_ident(rolname) FROM pg_roles WHERE oid = x.grantee), 'PUBLIC')),
  'is taken back', 'notice'
FROM granted g, aclexplode(g.acl) x WHERE x.grantee <> g.owner AND NOT (g.classid = 'pg_type'::regclass AND x.grantee = 0)
GROUP BY g.classid, g.objid, g.objsubid, x.grantee
UNION ALL
SELECT format('schema %I', nspname), format('what role %s creates in it is granted to %s', a.defaclrole::regrole,
  coalesce((SELECT quote_ident(rolname) FROM pg_roles WHERE oid = x.grantee), 'PUBLIC')), 'is not any more', 'notice'
FROM place JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = place.oid AND d.classid = 'pg_default_acl'::regclass
  JOIN pg_default_acl a ON a.oid = d.objid, aclexplode(a.defaclacl) x
UNION ALL
SELECT pg_describe_object('pg_class'::regclass, c.oid, 0), 'has row security but no policy', 'its owner saw every row; the tenant role sees none: write a policy', 'warning'
FROM members m JOIN pg_class c ON c.oid = m.objid
WHERE m.classid = 'pg_class'::regclass AND c.relrowsecurity AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
UNION ALL
SELECT pg_describe_object('pg_policy'::regclass, p.oid, 0),
  CASE WHEN p.polroles = '{0}' THEN 'did not apply to the owner' ELSE 'is for certain roles, of which the tenant role is none' END,
  CASE WHEN p.polroles = '{0}' THEN 'applies to the tenant role' ELSE 'does not apply to the tenant role: ALTER POLICY ... TO PUBLIC' END,
  CASE WHEN p.polroles = '{0}' THEN 'notice' ELSE 'warning' END
FROM members m JOIN pg_policy p ON p.polrelid = m.objid WHERE m.classid = 'pg_class'::regclass
UNION ALL
SELECT pg_describe_object('pg_class'::regclass, c.oid, 0), 'is refreshed by its owner', 'the tenant role cannot REFRESH it', 'notice'
FROM members m JOIN pg_class c ON c.oid = m.objid WHERE m.classid = 'pg_class'::regclass AND c.relkind = 'm'
UNION ALL
SELECT pg_describe_object('pg_proc'::regclass, p.oid, 0), 'is SECURITY DEFINER and of a language that can do anything',
  'the tenant would run it as a superuser: make it SECURITY INVOKER or drop it', 'error'
FROM members m JOIN pg_proc p ON p.oid = m.objid JOIN pg_language l ON l.oid = p.prolang
WHERE m.classid = 'pg_proc'::regclass AND m.extension IS NULL AND p.prosecdef AND NOT l.lanpltrusted
UNION ALL
SELECT pg_describe_object('pg_proc'::regclass, p.oid, 0), format('is SECURITY DEFINER, as role %s', p.proowner::regrole), 'runs as the tenant''s owner role', 'warning'
FROM members m JOIN pg_proc p ON p.oid = m.objid JOIN pg_language l ON l.oid = p.prolang
WHERE m.classid = 'pg_proc'::regclass AND m.extension IS NULL AND p.prosecdef AND l.lanpltrusted
UNION ALL
SELECT pg_describe_object('pg_proc'::regclass, p.oid, 0), 'seems to run what only an owner may (' || lower((regexp_match(p.prosrc, w.words, 'i'))[1]) || ')',
  'fails for the tenant role: make it SECURITY DEFINER, or call it as the owner', 'warning'
FROM members m JOIN pg_proc p ON p.oid = m.objid JOIN pg_language l ON l.oid = p.prolang,
  (VALUES ('\m(truncate|refresh\s+materialized|analyze|vacuum|reindex|cluster|(?:create|alter|drop)\s+(?:table|index|view|sequence|type|function|trigger))\M')) AS w (words)
WHERE m.classid = 'pg_proc'::regclass AND m.extension IS NULL AND NOT p.prosecdef AND l.lanname IN ('sql', 'plpgsql') AND p.prosrc ~* w.words
UNION ALL
SELECT pg_describe_object(r.classid, r.objid, 0), format('refers to %s', pg_describe_object(r.refclassid, r.refobjid, 0)),
  CASE WHEN t.id IS NOT NULL THEN 'that is another tenant''s' ELSE 'stays so; the tenant needs rights there: GRANT ... TO tenancy_tenant shares it with every tenant' END,
  CASE WHEN t.id IS NOT NULL THEN 'error' ELSE 'warning' END
FROM refers r LEFT JOIN tenancy.tenant t ON quote_ident(t.schema) = r.schema
WHERE r.schema NOT IN (SELECT quote_ident(s) FROM unnest($3) s) OR r.refclassid = 'pg_class'::regclass
