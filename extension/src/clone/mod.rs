//! A schema in, a script out that makes the same schema under another name. Definitions are read
//! under a path where the schema's own objects print without it and all others with theirs, and run
//! under the same path with the copy's schema: so references into the schema lead into the copy, and
//! all others stay where they lead. Knows nothing of tenants.

mod circles;
mod dump;
mod kinds;
mod leaks;
mod locks;
mod part;
mod references;
mod replay;
mod rows;
mod schema;
mod script;
mod shape;
mod stamp;
mod table_contents;
mod table_rows;
mod tables;

pub use dump::{Dump, Piece};
pub use locks::{lock_tables, refuse_changed};
pub use replay::{Half, replay, replay_half, replay_with};
pub use rows::{Masks, Position, Rows, positions};
pub use script::{Names, Slots, Step, Text};
pub use shape::{Row, Shape};
pub use stamp::stamp;
pub use table_contents::{Contents, contents};

use crate::ffi::Oid;
use crate::sql::{self, Session};
use circles::Keys;
use part::{Node, Part};
use schema::Source;
use std::collections::HashMap;
use tenancy_core::Result;

/// What a schema is made of.
pub struct Blueprint {
    /// The schema that was read.
    pub schema: Oid,
    /// Statements in order.
    pub steps: Vec<Step>,
    /// The position at which rows are copied: every table is there, and nothing that watches them.
    pub rows_at: usize,
    /// What stands in the statements where the copy's names will.
    pub slots: Slots,
    /// Whether a copy was found to lead nowhere into the template.
    pub is_proven: bool,
    /// Of the schema, and so of every copy; only when a copy was found to be equal.
    pub fingerprint: Option<String>,
    /// The schema's when it was read, where the registry keeps what was read.
    pub stamp: String,
}

impl Blueprint {
    /// As the registry keeps it.
    pub fn from_columns(
        schema: Oid,
        rows_at: i32,
        (is_proven, fingerprint, stamp): (bool, Option<String>, String),
        slots: Vec<String>,
        (flags, objects, statements): (Vec<i32>, Vec<String>, Vec<String>),
    ) -> Self {
        let steps =
            flags.into_iter().zip(objects).zip(statements).map(|((flags, object), text)| Step {
                privileged: flags & 1 != 0,
                is_structure: flags & 2 != 0,
                object,
                text,
            });
        let steps: Vec<_> = steps.collect();
        let rows_at = usize::try_from(rows_at).unwrap_or(0).min(steps.len());
        let slots = Slots::from_columns(slots);
        Self { schema, steps, rows_at, slots, is_proven, fingerprint, stamp }
    }

    /// The steps, for the registry.
    pub fn columns(&self) -> (Vec<i32>, Vec<&str>, Vec<&str>) {
        let flags = |step: &Step| i32::from(step.privileged) | i32::from(step.is_structure) << 1;
        let flags = self.steps.iter().map(flags).collect();
        let objects = self.steps.iter().map(|step| step.object.as_str()).collect();
        let texts = self.steps.iter().map(|step| step.text.as_str()).collect();
        (flags, objects, texts)
    }
}

/// The path under which a schema is read: values and definitions name what it holds without it.
pub fn path(schema: &str) -> String {
    Source::path(schema)
}

/// The shape of a schema, and its fingerprint: equal for copies of the same template.
pub fn shape(name: &str) -> Result<(Shape, String)> {
    let shape = Shape::of(&read(name, Text::Rebind)?);
    let fingerprint = fingerprint(&shape)?;
    Ok((shape, fingerprint))
}

/// The fingerprint of a shape.
pub fn fingerprint(shape: &Shape) -> Result<String> {
    let hash = "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')";
    let text = shape.text();
    let found =
        sql::as_superuser(|s| s.first(hash, &[text.as_str().into()], |row| row.required(1)))?;
    found.ok_or_else(|| sql::broken("a hash without a row"))
}

/// Reads a schema. Raises 3F000 when there is none, 0A000 with the object's name when it holds what
/// cannot be copied.
pub fn read(name: &str, text: Text) -> Result<Blueprint> {
    read_with(name, text, Keys::WithTables, "tenancy_tenant")
}

/// The same of a tenant's schema, with what is granted to its role, for a copy that gets many rows.
pub fn read_for_rows(name: &str, role: &str) -> Result<Blueprint> {
    read_with(name, Text::Rebind, Keys::AfterRows, role)
}

fn read_with(name: &str, text: Text, keys: Keys, grantee: &str) -> Result<Blueprint> {
    sql::as_superuser_with_path(&Source::path(name), |session| {
        session.by_index()?;
        let source = Source::find(session, name, grantee)?;
        let parts = circles::ordered(session, &source, keys)?;
        let objects = describe(session, &source, &parts)?;
        let steps = parts
            .iter()
            .map(|part| {
                let object = objects.get(&part.node.part(0)).map_or("", String::as_str);
                script::write(part, object, &source, text)
            })
            .collect::<Result<Vec<_>>>()?;
        let last_table = parts.iter().rposition(|part| part.rank == kinds::TABLES);
        let rows_at = last_table.map_or(0, |at| at + 1);
        Ok(Blueprint {
            schema: source.oid,
            steps,
            rows_at,
            slots: source.slots,
            is_proven: false,
            fingerprint: None,
            stamp: String::new(),
        })
    })
}

/// The objects of statements, as PostgreSQL describes them.
fn describe(
    session: &Session<'_, '_>,
    source: &Source,
    parts: &[Part],
) -> Result<HashMap<Node, String>> {
    let query = "SELECT classid, objid, CASE classid WHEN 'pg_namespace'::regclass THEN 'schema' \
        WHEN 'pg_publication_namespace'::regclass THEN 'membership of ' || (SELECT pg_describe_object('pg_publication'::regclass, p.pnpubid, 0) \
            FROM pg_publication_namespace p WHERE p.oid = objid) \
        ELSE pg_describe_object(classid, objid, 0) END FROM unnest($1, $2) AS n (classid, objid)";
    let arrays = references::arrays(parts.iter().map(|p| (p.node.catalog, p.node.object)));
    let described = session.rows(query, &arrays, |row| {
        Ok((
            Node::of(references::oid(&row, 1)?, references::oid(&row, 2)?),
            source.without_schema(row.get::<String>(3)?.unwrap_or_default()),
        ))
    })?;
    Ok(described.into_iter().collect())
}
