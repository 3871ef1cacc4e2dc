//! The kinds of objects that a schema holds: how each is read, and its rank among what is made.

/// One kind of objects, whose query gives whole statements: catalog, object, part, whether only the
/// superuser may run it, statement. It takes the schema's OID, the mark around free text, and what
/// stands for the copy's schema, owner and role.
pub struct Kind {
    /// What is made earlier when nothing else decides.
    pub rank: u8,
    query: &'static str,
}

/// Tables. Rows are copied once all are there: what watches rows ranks higher, and so does what a
/// table may have to wait for, a view of another's key.
pub const TABLES: u8 = 30;
/// Partitions are attached before their indexes are.
pub const PARTITIONS: u8 = 40;
/// Keys and other constraints with an index that could not stand in CREATE TABLE.
pub const KEYS: u8 = 70;
/// Checks and defaults that could not stand in CREATE TABLE.
pub const CHECKS: u8 = 45;
/// Foreign keys: after every key they may refer to.
pub const FOREIGN_KEYS: u8 = 80;
/// Row security and what identifies rows: nothing may hinder the copying of rows.
pub const TABLE_SETTINGS: u8 = 85;

/// Kinds by rank.
pub const KINDS: &[Kind] = &[
    kind(10, include_str!("kinds/collations.sql")),
    kind(11, include_str!("kinds/enums.sql")),
    kind(12, include_str!("kinds/composites.sql")),
    kind(12, include_str!("kinds/domains.sql")),
    kind(13, include_str!("kinds/ranges.sql")),
    kind(13, include_str!("kinds/bases.sql")),
    kind(15, include_str!("kinds/sequences.sql")),
    kind(20, include_str!("kinds/functions.sql")),
    kind(21, include_str!("kinds/aggregates.sql")),
    kind(22, include_str!("kinds/operators.sql")),
    kind(23, include_str!("kinds/opfamilies.sql")),
    kind(24, include_str!("kinds/opclasses.sql")),
    kind(25, include_str!("kinds/casts.sql")),
    kind(25, include_str!("kinds/conversions.sql")),
    kind(26, include_str!("kinds/text_search.sql")),
    kind(31, include_str!("kinds/tablespaces.sql")),
    kind(50, include_str!("kinds/views.sql")),
    kind(75, include_str!("kinds/indexes.sql")),
    kind(79, include_str!("kinds/populated.sql")),
    kind(82, include_str!("kinds/statistics.sql")),
    kind(90, include_str!("kinds/rules.sql")),
    kind(91, include_str!("kinds/triggers.sql")),
    kind(92, include_str!("kinds/policies.sql")),
    kind(94, include_str!("kinds/grants.sql")),
    kind(95, include_str!("kinds/comments.sql")),
    kind(96, include_str!("kinds/publications.sql")),
];

const fn kind(rank: u8, query: &'static str) -> Kind {
    Kind { rank, query }
}

impl Kind {
    /// The query, in plain SQL.
    pub fn query(&self) -> String {
        expand(self.query)
    }
}

/// What the queries write as `@name(argument)@`. Names of objects of the schema itself stand alone,
/// all others with their schema. `{}` is the argument.
const PHRASES: &[(&str, &str)] = &[
    (
        "members",
        "SELECT dm.objid FROM pg_depend dm WHERE dm.refclassid = 'pg_namespace'::regclass AND dm.refobjid = $1 \
         AND dm.classid = '{}'::regclass AND dm.deptype = 'n'",
    ),
    (
        "own",
        "CASE WHEN {} = $1 THEN '' ELSE (SELECT quote_ident(ns.nspname) || '.' FROM pg_namespace ns WHERE ns.oid = {}) END",
    ),
    (
        "proc",
        "(SELECT @own(fp.pronamespace)@ || quote_ident(fp.proname) FROM pg_proc fp WHERE fp.oid = {})",
    ),
    (
        "signature",
        "(SELECT @own(fp.pronamespace)@ || quote_ident(fp.proname) || '(' || pg_get_function_identity_arguments(fp.oid) || ')' \
         FROM pg_proc fp WHERE fp.oid = {})",
    ),
    (
        "oper",
        "(SELECT CASE WHEN op.oprnamespace = $1 THEN op.oprname ELSE format('OPERATOR(%I.%s)', \
         (SELECT ns.nspname FROM pg_namespace ns WHERE ns.oid = op.oprnamespace), op.oprname) END \
         FROM pg_operator op WHERE op.oid = {})",
    ),
    (
        "opclass",
        "(SELECT @own(oc.opcnamespace)@ || quote_ident(oc.opcname) FROM pg_opclass oc WHERE oc.oid = {})",
    ),
    (
        "opfamily",
        "(SELECT @own(fm.opfnamespace)@ || quote_ident(fm.opfname) FROM pg_opfamily fm WHERE fm.oid = {})",
    ),
    (
        "opmember",
        "SELECT format('OPERATOR %s %s (%s, %s)%s', o.amopstrategy, (SELECT @own(op.oprnamespace)@ || op.oprname FROM pg_operator op WHERE op.oid = o.amopopr), format_type(o.amoplefttype, NULL), format_type(o.amoprighttype, NULL), \
         ' FOR ORDER BY ' || @opfamily(nullif(o.amopsortfamily, 0))@) \
         FROM pg_amop o WHERE {}.classid = 'pg_amop'::regclass AND o.oid = {}.objid \
         UNION ALL SELECT format('FUNCTION %s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, NULL), format_type(p.amprocrighttype, NULL), @signature(p.amproc::oid)@) \
         FROM pg_amproc p WHERE {}.classid = 'pg_amproc'::regclass AND p.oid = {}.objid",
    ),
    (
        "collation",
        "(SELECT @own(co.collnamespace)@ || quote_ident(co.collname) FROM pg_collation co WHERE co.oid = {})",
    ),
    (
        "relation",
        "(SELECT @own(re.relnamespace)@ || quote_ident(re.relname) FROM pg_class re WHERE re.oid = {})",
    ),
    (
        "collate",
        "(SELECT ' COLLATE ' || @own(co.collnamespace)@ || quote_ident(co.collname) FROM pg_collation co \
         WHERE co.oid = {0} AND co.oid <> (SELECT ty.typcollation FROM pg_type ty WHERE ty.oid = {1}))",
    ),
    // The dimensions of an array are a number that nothing reads; CREATE TABLE ... AS and LIKE leave it at 0,
    // as the array type's own name does.
    (
        "columntype",
        "(SELECT CASE WHEN {}.attndims = 0 AND ar.typname = '_' || el.typname AND ({}.atttypmod < 0 OR tx.modifier IS NOT NULL) AND el.typname <> 'interval' \
         THEN @own(ar.typnamespace)@ || quote_ident(ar.typname) || coalesce(tx.modifier, '') ELSE tx.text || repeat('[]', {}.attndims - 1) END \
         FROM pg_type ar LEFT JOIN pg_type el ON el.oid = ar.typelem AND el.typarray = ar.oid, \
           LATERAL (SELECT format_type(ar.oid, {}.atttypmod), CASE WHEN {}.atttypmod >= 0 THEN substring(format_type(ar.oid, {}.atttypmod), '\\([0-9]+(?:,-?[0-9]+)?\\)') END) AS tx (text, modifier) \
         WHERE ar.oid = {}.atttypid)",
    ),
    // Whether the columns of a child stand in another order than INHERITS gives them: parent by parent, then its own.
    (
        "rearranged",
        "(SELECT NOT {}.relispartition AND array_agg(ca.attname ORDER BY ca.attnum) <> array_agg(ca.attname ORDER BY pa.inhseqno NULLS LAST, pa.attnum, ca.attnum) \
         FROM pg_attribute ca LEFT JOIN LATERAL (SELECT pi.inhseqno, pc.attnum FROM pg_inherits pi JOIN pg_attribute pc ON pc.attrelid = pi.inhparent AND pc.attname = ca.attname \
           WHERE pi.inhrelid = ca.attrelid AND pc.attnum > 0 AND NOT pc.attisdropped ORDER BY pi.inhseqno LIMIT 1) AS pa ON true \
         WHERE ca.attrelid = {}.oid AND ca.attnum > 0 AND NOT ca.attisdropped)",
    ),
    (
        "columnsettings",
        "(SELECT nullif(concat_ws(', ', \
         CASE WHEN {}.attstorage <> st.typstorage THEN format('ALTER COLUMN %I SET STORAGE %s', {}.attname, CASE {}.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'x' THEN 'EXTENDED' WHEN 'm' THEN 'MAIN' END) END, \
         CASE WHEN {}.attstattarget >= 0 THEN format('ALTER COLUMN %I SET STATISTICS %s', {}.attname, {}.attstattarget) END, \
         (SELECT format('ALTER COLUMN %I SET (%s)', {}.attname, string_agg(format('%I = %L', split_part(ao, '=', 1), substr(ao, strpos(ao, '=') + 1)), ', ')) \
         FROM unnest({}.attoptions) ao WHERE ao NOT LIKE 'pg\\_attver=%' HAVING count(*) > 0)), '') FROM pg_type st WHERE st.oid = {}.atttypid)",
    ),
    (
        "options",
        "(SELECT ' WITH (' || string_agg(CASE WHEN ro.own THEN '' ELSE 'toast.' END || quote_ident(split_part(ro.o, '=', 1)) \
         || ' = ' || quote_literal(substr(ro.o, strpos(ro.o, '=') + 1)), ', ') || ')' FROM ( \
         SELECT true, o1 FROM unnest({}.reloptions) o1 UNION ALL SELECT false, o2 FROM pg_class tc, unnest(tc.reloptions) o2 \
         WHERE tc.oid = {}.reltoastrelid) AS ro (own, o))",
    ),
    (
        "fdwoptions",
        "(SELECT ' OPTIONS (' || string_agg(quote_ident(split_part(fo, '=', 1)) || ' ' || quote_literal(substr(fo, strpos(fo, '=') + 1)), ', ') || ')' \
         FROM unnest({}) fo HAVING count(*) > 0)",
    ),
];

/// Puts the phrases in their places, from the inside out.
pub fn expand(query: &str) -> String {
    let mut text = query.to_owned();
    while let Some((name, argument, place)) = innermost(&text) {
        let phrase = PHRASES.iter().find(|(known, _)| *known == name).map_or("", |(_, p)| *p);
        let arguments: Vec<_> = argument.split(", ").collect();
        let second = arguments.get(1).copied().unwrap_or_default();
        let written =
            phrase.replace("{0}", arguments[0]).replace("{1}", second).replace("{}", &argument);
        text.replace_range(place, &written);
    }
    text
}

/// The last phrase that begins, which holds no other: its name, its argument, its place.
fn innermost(text: &str) -> Option<(String, String, std::ops::Range<usize>)> {
    let end = text.find(")@")?;
    let start = text[..end].rfind('@')?;
    let (name, argument) = text[start + 1..end].split_once('(')?;
    Some((name.to_owned(), argument.to_owned(), start..end + 2))
}
