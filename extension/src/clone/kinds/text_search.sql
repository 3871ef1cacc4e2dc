-- Text search: parsers and templates, which are the superuser's to make; dictionaries, configurations.
SELECT 'pg_ts_parser'::regclass::oid, p.oid, 0, true,
  format('CREATE TEXT SEARCH PARSER %I (%s)', p.prsname, concat_ws(', ', 'START = ' || @proc(p.prsstart::oid)@,
    'GETTOKEN = ' || @proc(p.prstoken::oid)@, 'END = ' || @proc(p.prsend::oid)@, 'LEXTYPES = ' || @proc(p.prslextype::oid)@,
    'HEADLINE = ' || @proc(nullif(p.prsheadline::oid, 0))@))
FROM pg_ts_parser p WHERE p.oid IN (@members(pg_ts_parser)@)
UNION ALL
SELECT 'pg_ts_template'::regclass::oid, t.oid, 0, true,
  format('CREATE TEXT SEARCH TEMPLATE %I (%s)', t.tmplname, concat_ws(', ', 'INIT = ' || @proc(nullif(t.tmplinit::oid, 0))@,
    'LEXIZE = ' || @proc(t.tmpllexize::oid)@))
FROM pg_ts_template t WHERE t.oid IN (@members(pg_ts_template)@)
UNION ALL
SELECT 'pg_ts_dict'::regclass::oid, d.oid, 0, false,
  format('CREATE TEXT SEARCH DICTIONARY %I (%s)', d.dictname, concat_ws(', ',
    'TEMPLATE = ' || (SELECT @own(t.tmplnamespace)@ || quote_ident(t.tmplname) FROM pg_ts_template t WHERE t.oid = d.dicttemplate),
    d.dictinitoption))
FROM pg_ts_dict d WHERE d.oid IN (@members(pg_ts_dict)@)
UNION ALL
SELECT 'pg_ts_config'::regclass::oid, c.oid, 0, false,
  format('CREATE TEXT SEARCH CONFIGURATION %I (PARSER = %s)', c.cfgname,
    (SELECT @own(p.prsnamespace)@ || quote_ident(p.prsname) FROM pg_ts_parser p WHERE p.oid = c.cfgparser))
FROM pg_ts_config c WHERE c.oid IN (@members(pg_ts_config)@)
UNION ALL
SELECT 'pg_ts_config'::regclass::oid, c.oid, m.maptokentype, false,
  format('ALTER TEXT SEARCH CONFIGURATION %I ADD MAPPING FOR %s WITH %s', c.cfgname,
    (SELECT quote_ident(y.alias) FROM ts_token_type(c.cfgparser) y WHERE y.tokid = m.maptokentype),
    string_agg((SELECT @own(d.dictnamespace)@ || quote_ident(d.dictname) FROM pg_ts_dict d WHERE d.oid = m.mapdict), ', ' ORDER BY m.mapseqno))
FROM pg_ts_config c JOIN pg_ts_config_map m ON m.mapcfg = c.oid
WHERE c.oid IN (@members(pg_ts_config)@)
GROUP BY c.oid, c.cfgname, c.cfgparser, m.maptokentype
