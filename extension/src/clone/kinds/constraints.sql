-- Constraints of tables. Those that a parent hands down are made with the parent's, and a parent's check after those of its children
-- that become the same one.
SELECT k.oid, k.conrelid, k.conname::text, k.contype::text, pg_get_constraintdef(k.oid), k.convalidated,
  CASE WHEN k.contype IN ('p', 'u', 'x') THEN (SELECT format('ALTER INDEX %s ATTACH PARTITION %I', @relation(i.inhparent)@, k.conname) FROM pg_inherits i WHERE i.inhrelid = k.conindid) END,
  CASE WHEN k.contype IN ('p', 'u', 'x') THEN (SELECT format('ALTER INDEX %I SET ', c.relname) || btrim(replace(@options(c)@, ' WITH ', '')) FROM pg_class c WHERE c.oid = k.conindid AND c.reloptions IS NOT NULL) END,
  ARRAY(WITH RECURSIVE children (relation) AS (SELECT i.inhrelid FROM pg_inherits i WHERE k.contype = 'c' AND i.inhparent = k.conrelid
      UNION SELECT i.inhrelid FROM children d JOIN pg_inherits i ON i.inhparent = d.relation)
    SELECT o.oid FROM children d JOIN pg_constraint o ON o.conrelid = d.relation AND o.conname = k.conname AND o.contype = 'c')
FROM pg_constraint k
WHERE k.conrelid IN (@members(pg_class)@) AND k.contype IN ('c', 'p', 'u', 'x', 'f')
  AND CASE k.contype WHEN 'c' THEN k.conislocal OR k.convalidated AND (SELECT c.relispartition OR @rearranged(c)@ FROM pg_class c WHERE c.oid = k.conrelid) WHEN 'f' THEN k.conparentid = 0 ELSE true END
ORDER BY k.conrelid, k.contype <> 'p', k.conname
