//! The script that makes a copy of a schema: statements in order, with places for the copy's names.

use super::part::Part;
use super::schema::Source;
use crate::ffi::names::quoted;
use crate::ffi::random;
use std::collections::HashSet;
use tenancy_core::blueprint::casts;
use tenancy_core::blueprint::labels;
use tenancy_core::blueprint::mentions::{self, Mention, Schema};
use tenancy_core::quote::literal;
use tenancy_core::{Error, Result, SqlState};

/// What stands in a script where the copy's names will. Random: no text of a template holds them.
#[derive(Clone, Debug)]
pub struct Slots {
    /// The schema, as an identifier.
    pub schema: String,
    /// The schema's name, as a value.
    pub value: String,
    /// The owner role, as an identifier.
    pub owner: String,
    /// The tenant role, as an identifier.
    pub role: String,
}

/// The names of a copy.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The schema.
    pub schema: &'a str,
    /// The role that owns its objects.
    pub owner: &'a str,
    /// The role that uses them.
    pub role: &'a str,
}

impl Slots {
    /// New ones.
    pub fn new() -> Result<Self> {
        Ok(Self {
            schema: random::token()?,
            value: random::token()?,
            owner: random::token()?,
            role: random::token()?,
        })
    }

    /// As the registry keeps them.
    pub fn from_columns(columns: Vec<String>) -> Self {
        let mut columns = columns.into_iter();
        let mut next = || columns.next().unwrap_or_default();
        Self { schema: next(), value: next(), owner: next(), role: next() }
    }

    /// For the registry.
    pub fn into_columns(self) -> Vec<String> {
        vec![self.schema, self.value, self.owner, self.role]
    }

    /// A statement for a schema that whoever runs it will own.
    pub fn fill_for_runner(&self, text: &str, schema: &str) -> String {
        text.replace(&self.schema, &quoted(schema))
            .replace(&self.value, schema)
            .replace(&self.owner, "CURRENT_USER")
            .replace(&self.role, "CURRENT_USER")
    }

    /// A statement with the names of a copy.
    pub fn fill(&self, text: &str, names: Names<'_>) -> String {
        text.replace(&self.schema, &quoted(names.schema))
            .replace(&self.value, names.schema)
            .replace(&self.owner, &quoted(names.owner))
            .replace(&self.role, &quoted(names.role))
    }
}

/// One statement of a script.
#[derive(Clone, Debug)]
pub struct Step {
    /// Whether only a superuser may run it.
    pub privileged: bool,
    /// The object that it makes, as PostgreSQL describes it.
    pub object: String,
    /// The statement, with slots.
    pub text: String,
    /// Whether it is part of the schema's structure, as a grant is not.
    pub is_structure: bool,
}

/// What is done about free text that names the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// It is refused, but for comments, which nothing runs.
    Refuse,
    /// The copy's name is put in its place.
    Rebind,
}

/// Comments are parts from this number on.
const COMMENTS: i32 = 1000;
/// Grants are this part, and from here on what is a matter of the server or of looks: tablespaces, the
/// names of columns of indexes.
const GRANTS: i32 = 500;

/// The statement of a part: its free text checked and quoted.
pub fn write(part: &Part, object: &str, source: &Source, text: Text) -> Result<Step> {
    let is_comment = part.node.part >= COMMENTS;
    let mut written = String::with_capacity(part.text.len());
    for (at, segment) in part.text.split(&source.mark).enumerate() {
        if at % 2 == 1 {
            let mut found = mentions(segment, source, &source.names);
            found.retain(|mention| !is_comment || !mention.ends_sentence(segment));
            refuse(segment, &found, text, is_comment, object, source)?;
            written.push_str(&literal(&rebound(segment, &found, source)));
        } else {
            let deparsed = deparsed(segment, text, object, source)?;
            written.push_str(&labels::keep(&casts::keep(&deparsed)));
        }
    }
    let is_structure = !(GRANTS..COMMENTS).contains(&part.node.part);
    Ok(Step { privileged: part.privileged, object: object.to_owned(), text: written, is_structure })
}

/// PostgreSQL prints the schema's own names without it, but for row types that another type hides and
/// tables that a common table expression has the name of.
fn deparsed(segment: &str, text: Text, object: &str, source: &Source) -> Result<String> {
    let mut found = mentions(segment, source, &source.names);
    if found.is_empty() {
        return Ok(segment.to_owned());
    }
    let literals = mentions::literals(segment);
    let is_inside =
        |m: &Mention| literals.iter().any(|l| l.start < m.place.start && m.place.end < l.end);
    let holds = |_: &str| true;
    let schema = Schema { name: &source.name, holds: &holds };
    let ambiguous = schema.stands_alone(segment);
    let hidden = mentions(segment, source, &source.hidden);
    found.retain(|m| {
        is_inside(m) || !ambiguous || hidden.contains(m) || schema.is_table(segment, m)
    });
    let inside: Vec<_> = found.iter().filter(|m| is_inside(m)).cloned().collect();
    refuse(segment, &inside, text, false, object, source)?;
    Ok(rebound(segment, &found, source))
}

fn mentions(segment: &str, source: &Source, names: &HashSet<String>) -> Vec<Mention> {
    let holds = |name: &str| names.contains(name);
    Schema { name: &source.name, holds: &holds }.mentions(segment)
}

fn rebound(segment: &str, found: &[Mention], source: &Source) -> String {
    mentions::rebind(segment, found, &source.slots.schema, &source.slots.value)
}

fn refuse(
    segment: &str,
    found: &[Mention],
    text: Text,
    is_comment: bool,
    object: &str,
    source: &Source,
) -> Result<()> {
    match found.first() {
        Some(first) if text == Text::Refuse && !is_comment => {
            Err(refusal(segment, first, object, source))
        }
        _ => Ok(()),
    }
}

fn refusal(segment: &str, mention: &Mention, object: &str, source: &Source) -> Error {
    let number = mentions::line(segment, &mention.place);
    let line = segment.lines().nth(number - 1).unwrap_or_default().trim();
    Error::new(
        SqlState::FeatureNotSupported,
        format!("{object} names the schema {:?} in its text", source.name),
    )
    .detail(format!("Line {number}: {line}"))
    .hint("Leave the schema's name out (a tenant's own schema is first in its path), or have it replaced in every tenant: rebind => true.")
}
