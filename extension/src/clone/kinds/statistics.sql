-- Extended statistics. Of a single expression there is but one kind, which cannot be named.
SELECT 'pg_statistic_ext'::regclass::oid, s.oid, 0, false,
  format('CREATE STATISTICS %I%s ON %s FROM %s', s.stxname,
    (SELECT ' (' || string_agg(CASE k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies' WHEN 'm' THEN 'mcv' END, ', ') || ')' FROM unnest(s.stxkind) k WHERE k <> 'e'),
    pg_get_statisticsobjdef_columns(s.oid), @relation(s.stxrelid)@)
FROM pg_statistic_ext s WHERE s.oid IN (@members(pg_statistic_ext)@)
UNION ALL
SELECT 'pg_statistic_ext'::regclass::oid, s.oid, 1, false, format('ALTER STATISTICS %I SET STATISTICS %s', s.stxname, s.stxstattarget)
FROM pg_statistic_ext s WHERE s.oid IN (@members(pg_statistic_ext)@) AND s.stxstattarget >= 0
