-- Operators. One that another names as its commutator or negator before it is there begins as a shell.
SELECT 'pg_operator'::regclass::oid, o.oid, 0, false,
  format('CREATE OPERATOR %s (%s)', o.oprname, concat_ws(', ',
    'FUNCTION = ' || @proc(o.oprcode::oid)@,
    CASE WHEN o.oprleft <> 0 THEN 'LEFTARG = ' || format_type(o.oprleft, NULL) END,
    CASE WHEN o.oprright <> 0 THEN 'RIGHTARG = ' || format_type(o.oprright, NULL) END,
    'COMMUTATOR = ' || @oper(nullif(o.oprcom, 0))@, 'NEGATOR = ' || @oper(nullif(o.oprnegate, 0))@,
    'RESTRICT = ' || @proc(nullif(o.oprrest::oid, 0))@, 'JOIN = ' || @proc(nullif(o.oprjoin::oid, 0))@,
    CASE WHEN o.oprcanhash THEN 'HASHES' END, CASE WHEN o.oprcanmerge THEN 'MERGES' END))
FROM pg_operator o
WHERE o.oid IN (@members(pg_operator)@) AND o.oprcode <> 0
