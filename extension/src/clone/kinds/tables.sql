-- Tables, one row each with its parts as arrays; the words are put together elsewhere, because what
-- goes into CREATE TABLE and what comes after it depends on the other objects.
SELECT c.oid, c.relname::text, c.relkind::text,
  format('CREATE %s%sTABLE %I', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' END, CASE c.relkind WHEN 'f' THEN 'FOREIGN ' END, c.relname),
  CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
  CASE WHEN NOT c.relispartition AND NOT l.rearranged THEN (SELECT string_agg(@relation(i.inhparent)@, ', ' ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid) END,
  concat(
    CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) END,
    (SELECT format(' USING %I', m.amname) FROM pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap'),
    @options(c)@,
    (SELECT format(' SERVER %I', s.srvname) || @fdwoptions(f.ftoptions)@ FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid)),
  CASE WHEN c.relispartition THEN (SELECT format('ALTER TABLE ONLY %s ATTACH PARTITION %I %s', @relation(i.inhparent)@, c.relname, pg_get_expr(c.relpartbound, c.oid))
    FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT i.inhdetachpending)
    WHEN l.rearranged THEN (SELECT format('ALTER TABLE ONLY %I %s', c.relname, string_agg('INHERIT ' || @relation(i.inhparent)@, ', ' ORDER BY i.inhseqno)) FROM pg_inherits i WHERE i.inhrelid = c.oid HAVING count(*) > 0) END,
  concat_ws(', ', CASE WHEN c.relrowsecurity THEN 'ENABLE ROW LEVEL SECURITY' END, CASE WHEN c.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END),
  CASE WHEN c.relkind <> 'f' THEN CASE c.relreplident WHEN 'f' THEN 'REPLICA IDENTITY FULL' WHEN 'n' THEN 'REPLICA IDENTITY NOTHING' END END,
  CASE c.relkind WHEN 'f' THEN format('ALTER FOREIGN TABLE %1$I OWNER TO %2$s; GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %1$I TO %3$s', c.relname, $4, $5) END
FROM pg_class c,
  -- Where INHERITS would put the columns in another order, it gets its parents later.
  LATERAL (SELECT @rearranged(c)@) AS l (rearranged)
WHERE c.oid IN (@members(pg_class)@) AND c.relkind IN ('r', 'p', 'f')
ORDER BY c.oid
