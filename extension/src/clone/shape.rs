//! A schema's structure with its own name taken out: two schemas of equal shape are copies of each
//! other. What is granted is not part of it.

use super::Blueprint;
use super::script::Names;
use std::collections::BTreeMap;

/// What stands for the names of the schema and its roles.
const NOBODY: Names<'static> = Names { schema: "schema", owner: "owner", role: "role" };

/// The definition of each object, by its description.
pub struct Shape(BTreeMap<String, String>);

/// How two schemas differ in one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The other has it not.
    Missing,
    /// Only the other has it.
    Extra,
    /// Both have it, defined otherwise.
    Changed,
}

impl Difference {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Changed => "changed",
        }
    }
}

/// One difference: the object, how it differs, its definition here and there.
pub type Row = (String, Difference, Option<String>, Option<String>);

impl Shape {
    /// The shape of what was read.
    pub fn of(blueprint: &Blueprint) -> Self {
        let mut steps: Vec<_> = blueprint
            .steps
            .iter()
            .filter(|step| step.is_structure)
            .map(|step| (step.object.clone(), blueprint.slots.fill(&step.text, NOBODY)))
            .collect();
        steps.sort_unstable();
        let mut objects = BTreeMap::<String, String>::new();
        for (object, text) in steps {
            let definition = objects.entry(object).or_default();
            definition.push_str(&text);
            definition.push_str(";\n");
        }
        Self(objects)
    }

    /// All of it as one text, to be hashed.
    pub fn text(&self) -> String {
        self.0.iter().map(|(object, definition)| format!("{object}\n{definition}\n")).collect()
    }

    /// Where another schema differs, by object.
    pub fn differences(&self, other: &Self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (object, here) in &self.0 {
            match other.0.get(object) {
                None => rows.push((object.clone(), Difference::Missing, Some(here.clone()), None)),
                Some(there) if there != here => rows.push((
                    object.clone(),
                    Difference::Changed,
                    Some(here.clone()),
                    Some(there.clone()),
                )),
                Some(_) => {}
            }
        }
        let extra = other.0.iter().filter(|(object, _)| !self.0.contains_key(*object));
        rows.extend(
            extra.map(|(o, there)| (o.clone(), Difference::Extra, None, Some(there.clone()))),
        );
        rows
    }
}
