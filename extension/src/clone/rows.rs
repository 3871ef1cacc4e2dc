//! The rows of a schema's tables, and where its sequences stand. Read as the superuser by the types'
//! own output functions - a cast could be somebody's code - and written as text by the copy's owner:
//! what an enumeration holds inside is not the same in two schemas.

use super::kinds::expand;
use super::replay::Target;
use crate::ffi::Oid;
use crate::ffi::names::quoted;
use crate::sql::Session;
use tenancy_core::Result;

/// Rows are written so many at a time.
const BATCH: i32 = 500;

/// For each table with rows: the query that gives each as a list of values, and the beginning of the
/// statement that inserts them. A function takes a hundred arguments at most.
const TABLES: &str = "
SELECT format('SELECT %s FROM ONLY %I.%I', v.list, n.nspname, c.relname),
  format('INSERT INTO %I (%s) OVERRIDING SYSTEM VALUE VALUES ', c.relname, v.names)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
  LATERAL (SELECT string_agg(g.names, ', ' ORDER BY g.n) AS names,
      string_agg(format('format(%L, %s)', g.marks, g.names), ' || '', '' || ' ORDER BY g.n) AS list
    FROM (SELECT (a.n - 1) / 90 AS n, string_agg(quote_ident(a.attname), ', ' ORDER BY a.n) AS names, string_agg('%L', ', ') AS marks
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
const PLAIN_VALUES: &str = "SELECT set_config('DateStyle', 'ISO, MDY', true), set_config('IntervalStyle', 'postgres', true), \
    set_config('extra_float_digits', '1', true), set_config('bytea_output', 'hex', true), set_config('xmloption', 'content', true)";

/// Copies all rows of the schema, and then the sequences. The superuser must be running.
pub fn copy(session: &mut Session<'_, '_>, schema: Oid, target: &Target<'_>) -> Result<()> {
    print_plainly(session)?;
    let tables = session.rows(&expand(TABLES), &[schema.into()], |row| {
        Ok((row.required::<String>(1)?, row.required::<String>(2)?))
    })?;
    for (query, insert) in tables {
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
