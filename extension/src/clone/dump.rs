//! A schema as lines of a script for psql, one after the other: structure, rows as COPY has them,
//! where sequences stand, keys and what watches over rows. Whoever runs the script owns what it
//! makes. Lines are made as they are asked for: the rows of a schema need no memory.

use super::Blueprint;
use super::kinds::expand;
use super::rows;
use super::script::Step;
use crate::ffi::Oid;
use crate::ffi::cursors::Cursor;
use crate::ffi::names::quoted;
use crate::sql::{self, Session};
use std::collections::VecDeque;
use tenancy_core::quote::literal;
use tenancy_core::{Result, copy_text};

/// Lines that are made at once take about so many bytes.
const BATCH_BYTES: usize = 1 << 20;
/// And are so many at most.
const BATCH_LINES: usize = 1000;

/// A part of the script.
pub enum Piece {
    /// Lines as they are.
    Text(String),
    /// A query whose rows are a table's, between the lines of a COPY.
    Copy {
        /// Begins the rows.
        head: String,
        /// Gives them.
        query: String,
    },
    /// A query that gives lines.
    Lines(String),
}

/// The script as far as it was not read yet.
pub struct Dump {
    path: String,
    pieces: VecDeque<Piece>,
    open: Option<(Cursor, Form)>,
    lines: VecDeque<String>,
    batch: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Copy,
    Lines,
}

/// For each table with rows: the beginning of its COPY, and the query that gives them.
const TABLES: &str = "
SELECT format('COPY %I (%s) FROM stdin;', c.relname, v.names),
  format('SELECT %s FROM ONLY %I.%I', v.names, n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
  LATERAL (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS names FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') v
WHERE c.oid IN (@members(pg_class)@) AND c.relkind = 'r' AND pg_relation_size(c.oid) > 0 AND v.names IS NOT NULL
ORDER BY c.oid";

impl Dump {
    /// The script of a schema that was read, under the name `target`; `first` comes before all
    /// else and `with_rows` beside the tables' rows.
    pub fn new(
        blueprint: &Blueprint,
        path: String,
        target: &str,
        first: Vec<Piece>,
        with_rows: Vec<Piece>,
    ) -> Result<Self> {
        let statement = |step: &Step| Piece::Text(written(blueprint, step, target));
        let (before, after) = blueprint.steps.split_at(blueprint.rows_at);
        let structure = |steps: &[Step]| -> Vec<Piece> {
            steps.iter().filter(|step| step.is_structure).map(statement).collect()
        };
        let mut pieces = VecDeque::from(first);
        pieces.extend(structure(before));
        pieces.extend(sql::as_superuser(|session| tables(session, blueprint.schema))?);
        pieces.extend(with_rows);
        pieces.extend(sequences(blueprint.schema)?);
        pieces.extend(structure(after));
        pieces.push_back(Piece::Text("COMMIT;".to_owned()));
        Ok(Self { path, ..Self::of(pieces) })
    }

    /// These pieces alone.
    pub fn of(pieces: VecDeque<Piece>) -> Self {
        let path = sql::OWN_PATH.to_owned();
        Self { path, pieces, open: None, lines: VecDeque::new(), batch: 1 }
    }

    /// The next line or statement; none at the end.
    pub fn next(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Ok(Some(line));
            }
            if let Some((cursor, form)) = self.open.take() {
                self.fetch(cursor, form)?;
                continue;
            }
            match self.pieces.pop_front() {
                None => return Ok(None),
                Some(Piece::Text(text)) => return Ok(Some(text)),
                Some(Piece::Lines(query)) => self.open(&query, Form::Lines)?,
                Some(Piece::Copy { head, query }) => {
                    self.lines.push_back(head);
                    self.open(&query, Form::Copy)?;
                }
            }
        }
    }

    fn open(&mut self, query: &str, form: Form) -> Result<()> {
        self.batch = 1;
        let cursor = sql::as_superuser_with_path(&self.path, |_| Ok(Cursor::open(query)))?;
        let cursor = cursor.ok_or_else(|| sql::broken("a table cannot be read"))?;
        self.open = Some((cursor, form));
        Ok(())
    }

    /// As many rows as are about a batch, going by those before.
    fn fetch(&mut self, cursor: Cursor, form: Form) -> Result<()> {
        let (lines, batch) = (&mut self.lines, self.batch);
        let mut bytes = 0;
        let left = sql::as_superuser_with_path(&self.path, |session| {
            rows::print_plainly(session)?;
            let count = cursor.fetch(batch, |values| {
                let line = match form {
                    Form::Copy => copy_text::line(values.iter().copied()),
                    Form::Lines => values.iter().copied().flatten().collect(),
                };
                bytes += line.len();
                lines.push_back(line);
            });
            if count == 0 {
                cursor.close();
                return Ok(None);
            }
            Ok(Some((cursor, count)))
        })?;
        match left {
            Some((cursor, count)) => {
                let average = bytes / count + 1;
                self.batch = (BATCH_BYTES / average).clamp(1, BATCH_LINES.min(batch * 8));
                self.open = Some((cursor, form));
            }
            None if form == Form::Copy => self.lines.push_back("\\.".to_owned()),
            None => {}
        }
        Ok(())
    }
}

/// A statement, with a line before it that says when only a superuser may run it. Publications are
/// the database's: an empty one has none to add to.
fn written(blueprint: &Blueprint, step: &Step, target: &str) -> String {
    let text = blueprint.slots.fill_for_runner(&step.text, target);
    if !step.privileged || text.starts_with("COMMENT ON ") {
        return format!("{text};");
    }
    let object = step.object.replace(['\n', '\r'], " ");
    if text.starts_with("ALTER PUBLICATION ") {
        let text = text.replace(['\n', '\r'], " ");
        return format!("-- {object}: where there is such a publication:\n-- {text};");
    }
    format!("-- {object}: a superuser's to make\n{text};")
}

fn tables(session: &mut Session<'_, '_>, schema: Oid) -> Result<Vec<Piece>> {
    session.rows(&expand(TABLES), &[schema.into()], |row| {
        Ok(Piece::Copy { head: row.required(1)?, query: row.required(2)? })
    })
}

fn sequences(schema: Oid) -> Result<Vec<Piece>> {
    let positions = sql::as_superuser(|session| rows::positions(session, schema))?;
    let text = |(name, value, called): (String, i64, bool)| {
        Piece::Text(format!(
            "SELECT pg_catalog.setval({}::pg_catalog.regclass, {value}, {called});",
            literal(&quoted(&name))
        ))
    };
    Ok(positions.into_iter().map(text).collect())
}
