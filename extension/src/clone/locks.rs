//! Keeping the tables of a schema as they are while they are read, and noticing when they were not.

use super::kinds::expand;
use crate::ffi::Oid;
use crate::ffi::cursors::Cursor;
use crate::sql::{self, Session};
use tenancy_core::{Error, Result, SqlState};

/// One statement that keeps tables as they are until the transaction ends.
const LOCK: &str = "
SELECT 'LOCK TABLE ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ' ORDER BY c.oid) || ' IN ACCESS SHARE MODE'
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid IN (@members(pg_class)@) AND c.relkind IN ('r', 'p') HAVING count(*) > 0";

/// The files of tables and their indexes.
const FILES: &str = "
WITH tables AS (SELECT oid, relfilenode FROM pg_class WHERE oid IN (@members(pg_class)@) AND relkind = 'r')
SELECT coalesce(string_agg(f.oid || ' ' || coalesce(FILE, 0), ',' ORDER BY f.oid), '')
FROM (SELECT * FROM tables UNION ALL
  SELECT c.oid, c.relfilenode FROM tables t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid) f";

/// Keeps the tables of a schema as they are until the transaction ends, as pg_dump does.
pub fn lock_tables(schema: &str) -> Result<()> {
    sql::as_superuser(|session| {
        let Some(oid) = oid_of(session, schema)? else { return Ok(()) };
        let lock = session.first(&expand(LOCK), &[oid.into()], |row| row.required::<String>(1))?;
        lock.map_or(Ok(()), |lock| session.execute(&lock, &[]).map(drop))
    })
}

/// Refuses with 40001 when tables, which are locked now, were made or filled anew since the snapshot
/// was taken under which they will be read: TRUNCATE and some forms of ALTER TABLE leave them empty
/// under it (manual, chapter 13.6, Caveats).
pub fn refuse_changed(schema: &str) -> Result<()> {
    sql::as_superuser(|session| {
        let Some(oid) = oid_of(session, schema)? else { return Ok(()) };
        let files = expand(FILES).replace("$1", &oid.to_u32().to_string());
        let mut seen = None;
        let cursor = Cursor::open(&files.replace("FILE", "f.relfilenode"));
        let cursor = cursor.ok_or_else(|| sql::broken("a catalog cannot be read"))?;
        cursor.fetch(1, |values| seen = values.first().copied().flatten().map(str::to_owned));
        cursor.close();
        let now = files.replace("FILE", "pg_relation_filenode(f.oid)");
        let now = session.all(&now, &[], |row| row.required::<String>(1))?.pop();
        if seen == now {
            return Ok(());
        }
        Err(Error::new(
            SqlState::SerializationFailure,
            "the tenant's tables were changed while this waited for them",
        )
        .detail("Rows would be missing: the statement looks at what was there when it began.")
        .hint("Run it again."))
    })
}

fn oid_of(session: &Session<'_, '_>, schema: &str) -> Result<Option<Oid>> {
    let find = "SELECT oid FROM pg_namespace WHERE nspname = $1";
    session.first(find, &[schema.into()], |row| row.required::<Oid>(1))
}
