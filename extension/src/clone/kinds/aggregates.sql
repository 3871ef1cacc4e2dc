-- Aggregates. A state of type internal is the superuser's to allow.
SELECT 'pg_proc'::regclass::oid, p.oid, s.part, 'internal'::regtype IN (a.aggtranstype, a.aggmtranstype),
  CASE s.part WHEN 1 THEN format('ALTER AGGREGATE %1$I(%2$s) OWNER TO %3$s; REVOKE ALL ON FUNCTION %4$s FROM PUBLIC; GRANT EXECUTE ON FUNCTION %4$s TO %5$s', p.proname, v.arguments, $4, p.oid::regprocedure, $5)
  ELSE format('CREATE AGGREGATE %I(%s) (%s)', p.proname, v.arguments, concat_ws(', ',
    'SFUNC = ' || @proc(a.aggtransfn::oid)@, 'STYPE = ' || format_type(a.aggtranstype, NULL),
    'SSPACE = ' || nullif(a.aggtransspace, 0),
    'FINALFUNC = ' || @proc(nullif(a.aggfinalfn::oid, 0))@, CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
    CASE WHEN a.aggfinalfn <> 0 THEN 'FINALFUNC_MODIFY = ' || CASE a.aggfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
    'COMBINEFUNC = ' || @proc(nullif(a.aggcombinefn::oid, 0))@,
    'SERIALFUNC = ' || @proc(nullif(a.aggserialfn::oid, 0))@, 'DESERIALFUNC = ' || @proc(nullif(a.aggdeserialfn::oid, 0))@,
    'INITCOND = ' || quote_literal(a.agginitval),
    'MSFUNC = ' || @proc(nullif(a.aggmtransfn::oid, 0))@, 'MINVFUNC = ' || @proc(nullif(a.aggminvtransfn::oid, 0))@,
    CASE WHEN a.aggmtranstype <> 0 THEN 'MSTYPE = ' || format_type(a.aggmtranstype, NULL) END,
    'MSSPACE = ' || nullif(a.aggmtransspace, 0),
    'MFINALFUNC = ' || @proc(nullif(a.aggmfinalfn::oid, 0))@, CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
    CASE WHEN a.aggmfinalfn <> 0 THEN 'MFINALFUNC_MODIFY = ' || CASE a.aggmfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
    'MINITCOND = ' || quote_literal(a.aggminitval),
    'SORTOP = ' || @oper(nullif(a.aggsortop::oid, 0))@,
    CASE p.proparallel WHEN 's' THEN 'PARALLEL = SAFE' WHEN 'r' THEN 'PARALLEL = RESTRICTED' END,
    CASE WHEN a.aggkind = 'h' THEN 'HYPOTHETICAL' END)) END
FROM pg_proc p JOIN pg_aggregate a ON a.aggfnoid = p.oid,
  LATERAL (SELECT coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*') AS arguments) v,
  LATERAL (VALUES (0), (1)) AS s (part)
WHERE p.oid IN (@members(pg_proc)@) AND (s.part = 0 OR 'internal'::regtype IN (a.aggtranstype, a.aggmtranstype))
