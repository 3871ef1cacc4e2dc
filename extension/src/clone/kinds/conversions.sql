-- Conversions between encodings.
SELECT 'pg_conversion'::regclass::oid, c.oid, 0, false,
  format('CREATE %sCONVERSION %I FOR %L TO %L FROM %s', CASE WHEN c.condefault THEN 'DEFAULT ' END, c.conname,
    pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding), @proc(c.conproc::oid)@)
FROM pg_conversion c
WHERE c.oid IN (@members(pg_conversion)@)
