//! The statements of a schema in the order in which they can run. Defaults and checks stand in CREATE
//! TABLE unless that makes a circle: a table whose default calls a function that takes its rows.

use super::kinds::KINDS;
use super::part::{Node, Part};
use super::references::References;
use super::schema::Source;
use super::table_rows::{self, Table};
use crate::sql::Session;
use std::collections::{HashMap, HashSet};
use tenancy_core::blueprint::order::order;
use tenancy_core::{Error, Result, SqlState};

/// When keys are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// With their tables.
    WithTables,
    /// After the rows: an index is built faster than it grows.
    AfterRows,
}

/// Reads all statements and orders them.
pub fn ordered(session: &Session<'_, '_>, source: &Source, keys: Keys) -> Result<Vec<Part>> {
    let mut others = Vec::new();
    for kind in KINDS {
        others.extend(source.parts(session, kind)?);
    }
    let tables = table_rows::read(session, source)?;
    let references = References::read(session, &objects(&others, &tables))?;
    let mut apart = match keys {
        Keys::WithTables => HashSet::new(),
        Keys::AfterRows => tables.iter().flat_map(Table::keys).collect(),
    };
    loop {
        let parts = with_tables(&others, &tables, &apart);
        let inside = inside(&tables, &apart);
        let ranks: Vec<_> = parts.iter().map(|part| part.rank).collect();
        match order(&ranks, &references.needs(&parts, &inside)) {
            Ok(order) => return Ok(order.into_iter().map(|at| parts[at].clone()).collect()),
            Err(circle) => take_apart(&parts, &circle, &tables, &mut apart)?,
        }
    }
}

/// Every object that a statement makes, wherever it stands.
fn objects(others: &[Part], tables: &[Table]) -> HashSet<Node> {
    let tables_and_parts = tables.iter().flat_map(|t| {
        let parts = t.parts(&HashSet::new()).into_iter().map(|part| part.node);
        parts.chain(t.insides(&HashSet::new())).collect::<Vec<_>>()
    });
    others.iter().map(|part| part.node).chain(tables_and_parts).collect()
}

fn with_tables(others: &[Part], tables: &[Table], apart: &HashSet<Node>) -> Vec<Part> {
    let tables = tables.iter().flat_map(|table| table.parts(apart));
    others.iter().cloned().chain(tables).collect()
}

/// Which statement each object stands in that has none of its own.
fn inside(tables: &[Table], apart: &HashSet<Node>) -> HashMap<Node, Node> {
    tables
        .iter()
        .flat_map(|table| table.insides(apart).into_iter().map(|node| (node, table.node())))
        .collect()
}

/// Takes what stands inside the tables of a circle out of them.
fn take_apart(
    parts: &[Part],
    circle: &[usize],
    tables: &[Table],
    apart: &mut HashSet<Node>,
) -> Result<()> {
    let stuck: HashSet<Node> = circle.iter().map(|at| parts[*at].node).collect();
    let known = apart.len();
    for table in tables.iter().filter(|table| stuck.contains(&table.node())) {
        let insides = table.insides(apart);
        apart.extend(insides.into_iter().filter(|node| table.can_come_later(*node)));
    }
    if apart.len() > known {
        return Ok(());
    }
    let first = circle.first().map_or("", |at| parts[*at].text.as_str());
    Err(Error::new(
        SqlState::FeatureNotSupported,
        "objects of the schema need each other in a circle",
    )
    .detail(format!(
        "{} of them, among them: {}",
        circle.len(),
        first.lines().next().unwrap_or_default()
    ))
    .hint("Break the circle: give one of the objects a body in quotes instead of BEGIN ATOMIC."))
}
