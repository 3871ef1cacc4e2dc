-- Functions and procedures. Those of languages that can do anything are the superuser's to make, and
-- stay the superuser's.
SELECT 'pg_proc'::regclass::oid, p.oid, 0, NOT l.lanpltrusted,
  concat_ws(' ',
    format('CREATE %s %I(%s)', CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, p.proname, pg_get_function_arguments(p.oid)),
    CASE WHEN p.prokind <> 'p' THEN 'RETURNS ' || pg_get_function_result(p.oid) END,
    'TRANSFORM ' || (SELECT string_agg('FOR TYPE ' || format_type(u, NULL), ', ' ORDER BY n) FROM unnest(p.protrftypes) WITH ORDINALITY AS u (u, n)),
    'LANGUAGE ' || quote_ident(l.lanname),
    CASE WHEN p.prokind = 'w' THEN 'WINDOW' END,
    CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' END,
    CASE WHEN p.proisstrict THEN 'STRICT' END,
    CASE WHEN p.prosecdef THEN 'SECURITY DEFINER' END,
    CASE p.proparallel WHEN 's' THEN 'PARALLEL SAFE' WHEN 'r' THEN 'PARALLEL RESTRICTED' END,
    CASE WHEN p.prokind <> 'p' AND p.procost <> CASE WHEN l.lanname IN ('internal', 'c') THEN 1 ELSE 100 END THEN 'COST ' || p.procost END,
    CASE WHEN p.proretset AND p.prorows NOT IN (0, 1000) THEN 'ROWS ' || p.prorows END,
    'SUPPORT ' || @proc(nullif(p.prosupport::oid, 0))@,
    (SELECT string_agg('SET ' || CASE
        WHEN split_part(s, '=', 1) = 'search_path' THEN 'search_path TO ' || (
          SELECT string_agg(CASE WHEN m[1] IN (quote_ident(w.nspname), w.nspname) THEN $3 WHEN m[1] = '""' THEN '''''' ELSE m[1] END, ', ' ORDER BY i)
          FROM regexp_matches(substr(s, 13), '("(?:[^"]|"")*"|[^,\s]+)', 'g') WITH ORDINALITY AS e (m, i))
        WHEN lower(split_part(s, '=', 1)) IN ('temp_tablespaces', 'session_preload_libraries', 'shared_preload_libraries', 'local_preload_libraries', 'unix_socket_directories')
          THEN quote_ident(split_part(s, '=', 1)) || ' TO ' || substr(s, strpos(s, '=') + 1)
        ELSE (SELECT string_agg(quote_ident(q), '.') FROM unnest(string_to_array(split_part(s, '=', 1), '.')) q) || ' TO ' || $2 || substr(s, strpos(s, '=') + 1) || $2 END, ' ' ORDER BY n)
     FROM unnest(p.proconfig) WITH ORDINALITY AS c (s, n)),
    CASE WHEN p.prosqlbody IS NOT NULL THEN pg_get_function_sqlbody(p.oid)
      WHEN p.probin IS NOT NULL THEN format('AS %L, %L', p.probin, p.prosrc)
      WHEN l.lanname = 'internal' THEN format('AS %L', p.prosrc)
      ELSE 'AS ' || $2 || p.prosrc || $2 END)
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang, (SELECT nspname FROM pg_namespace WHERE oid = $1) w
WHERE p.oid IN (@members(pg_proc)@) AND p.prokind <> 'a'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
UNION ALL
SELECT 'pg_proc'::regclass::oid, p.oid, 1, true, format('ALTER FUNCTION %s LEAKPROOF', p.oid::regprocedure)
FROM pg_proc p
WHERE p.oid IN (@members(pg_proc)@) AND p.proleakproof AND p.prokind IN ('f', 'w')
UNION ALL
SELECT 'pg_proc'::regclass::oid, p.oid, 500, true,
  format('REVOKE ALL ON FUNCTION %1$s FROM PUBLIC; GRANT EXECUTE ON FUNCTION %1$s TO %2$s', p.oid::regprocedure,
    concat_ws(', ', $4, CASE WHEN EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
      WHERE x.privilege_type = 'EXECUTE' AND x.grantee IN (0, $6)) THEN $5 END))
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid IN (@members(pg_proc)@) AND NOT l.lanpltrusted AND p.prokind IN ('f', 'w')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
