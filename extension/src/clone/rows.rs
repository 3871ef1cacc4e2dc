//! The rows of a schema's tables, and where its sequences stand. Read as the superuser by the types'
//! own output functions - a cast could be somebody's code - and written as text by the copy's owner:
//! what an enumeration holds inside is not the same in two schemas.

use super::kinds::expand;
use super::replay::Target;
use crate::ffi::Oid;
use crate::ffi::moment::Moment;
use crate::ffi::names::quoted;
use crate::ffi::roles::AsRole;
use crate::sql::Session;
use tenancy_core::Result;

/// Rows are written so many at a time.
const BATCH: usize = 500;

/// For each table with rows: the query that gives each as a list of values, and the beginning of the
/// statement that inserts them. A function takes a hundred arguments at most.
/// Masks of a table are those of its children too, whose rows it shows.
const TABLES: &str = "
SELECT format('SELECT %s FROM ONLY %I.%I', v.list, n.nspname, c.relname),
  format('INSERT INTO %I (%s) OVERRIDING SYSTEM VALUE VALUES ', c.relname, v.names), k.masks IS NOT NULL
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
  LATERAL (WITH RECURSIVE up (oid) AS (SELECT c.oid UNION SELECT i.inhparent FROM up JOIN pg_inherits i ON i.inhrelid = up.oid)
    SELECT jsonb_object_agg(e.key, e.value) FROM up JOIN pg_class p ON p.oid = up.oid, jsonb_each($2::text::jsonb -> p.relname::text) e
    WHERE p.relnamespace = c.relnamespace) AS k (masks),
  LATERAL (SELECT string_agg(g.names, ', ' ORDER BY g.n) AS names,
      string_agg(format('format(%L, %s)', g.marks, g.sources), ' || '', '' || ' ORDER BY g.n) AS list
    FROM (SELECT (a.n - 1) / 90 AS n, string_agg(quote_ident(a.attname), ', ' ORDER BY a.n) AS names, string_agg('%L', ', ') AS marks,
        string_agg(coalesce('(' || (k.masks ->> a.attname::text) || chr(10) || ')', quote_ident(a.attname)), ', ' ORDER BY a.n) AS sources
      FROM (SELECT attname, row_number() OVER (ORDER BY attnum) AS n FROM pg_attribute
            WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') a
      GROUP BY 1) g) v
WHERE c.oid IN (@members(pg_class)@) AND c.relkind = 'r' AND pg_relation_size(c.oid) > 0 AND v.names IS NOT NULL
ORDER BY c.oid";

/// The statements that say where sequences stand that are not at their start.
const SEQUENCES: &str = "
SELECT format('SELECT %L, last_value, is_called FROM %I.%I WHERE is_called OR last_value <> %s', c.relname, n.nspname, c.relname, s.seqstart)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
WHERE c.oid IN (@members(pg_class)@)";

/// Values print in a way that every session reads alike.
const PLAIN_VALUES: &str = "SELECT pg_catalog.set_config('DateStyle', 'ISO, MDY', true), pg_catalog.set_config('IntervalStyle', 'postgres', true), \
    pg_catalog.set_config('extra_float_digits', '1', true), pg_catalog.set_config('bytea_output', 'hex', true), pg_catalog.set_config('xmloption', 'content', true)";

/// Which rows a copy gets.
pub enum Rows {
    /// All, as they are.
    All,
    /// None, and sequences at their start.
    None,
    /// All, with other values in some columns.
    Masked(Masks),
}

/// Expressions whose values stand in for those of columns.
pub struct Masks {
    /// By table and column, as JSON. No column that is named may be missing or generated.
    pub expressions: String,
    /// The role that reads rows through them: they may call anything that it may.
    pub reader: Oid,
    /// The path under which they are read.
    pub path: String,
}

impl Masks {
    /// Where a policy would hide rows from the reader, the copy fails rather than lack them.
    fn read(&self, session: &Session<'_, '_>) -> Result<AsRole> {
        let role = AsRole::restricted(self.reader, &self.path);
        let whole = "SELECT pg_catalog.set_config('row_security', 'off', true)";
        session.rows(whole, &[], |_| Ok(()))?;
        print_plainly(session)?;
        Ok(role)
    }
}

/// Copies rows of the schema, and then the sequences. The superuser must be running.
pub fn copy(
    session: &mut Session<'_, '_>,
    schema: Oid,
    target: &Target<'_>,
    rows: &Rows,
) -> Result<()> {
    let masks = match rows {
        Rows::None => return Ok(()),
        Rows::All => None,
        Rows::Masked(masks) => Some(masks),
    };
    print_plainly(session)?;
    let arguments = [schema.into(), masks.map(|m| m.expressions.as_str()).into()];
    let tables = session.rows(&expand(TABLES), &arguments, |row| {
        Ok((row.required::<String>(1)?, row.required::<String>(2)?, row.required::<bool>(3)?))
    })?;
    let _moment = Moment::now();
    for (query, insert, is_masked) in tables {
        // The rows are read while the guard lives: what an expression calls runs then.
        let _reader = masks.filter(|_| is_masked).map(|m| m.read(session)).transpose()?;
        session.batches(&query, BATCH, |session, rows| {
            let text = format!("{insert}({})", rows.join("), ("));
            target.as_owner(session, |session| session.execute(&text, &[]).map(drop))
        })?;
    }
    copy_sequences(session, schema, target)
}

/// Has values print, until the call ends, in a way that every session reads alike.
pub fn print_plainly(session: &Session<'_, '_>) -> Result<()> {
    session.rows(PLAIN_VALUES, &[], |_| Ok(())).map(drop)
}

/// A sequence by its name without quotes, the value it has given, and whether it has.
pub type Position = (String, i64, bool);

/// Where sequences stand that are not at their start.
pub fn positions(session: &Session<'_, '_>, schema: Oid) -> Result<Vec<Position>> {
    let queries =
        session.rows(&expand(SEQUENCES), &[schema.into()], |row| row.required::<String>(1))?;
    if queries.is_empty() {
        return Ok(Vec::new());
    }
    session.rows(&queries.join(" UNION ALL "), &[], |row| {
        Ok((row.required::<String>(1)?, row.required::<i64>(2)?, row.required::<bool>(3)?))
    })
}

fn copy_sequences(session: &mut Session<'_, '_>, schema: Oid, target: &Target<'_>) -> Result<()> {
    let positions = positions(session, schema)?;
    if positions.is_empty() {
        return Ok(());
    }
    target.as_owner(session, |session| set_positions(session, &positions))
}

/// Has sequences stand where they shall; their owner is running.
pub fn set_positions(session: &mut Session<'_, '_>, positions: &[Position]) -> Result<()> {
    for (name, value, called) in positions {
        let arguments = [quoted(name).into(), (*value).into(), (*called).into()];
        session.execute("SELECT pg_catalog.setval($1::pg_catalog.regclass, $2, $3)", &arguments)?;
    }
    Ok(())
}
