//! A schema's structure with its own name taken out: two schemas of equal shape are copies of each
//! other. What is granted is not part of it.

use super::Blueprint;
use super::script::Names;
use std::collections::{BTreeMap, BTreeSet};

/// What stands for the names of the schema and its roles.
const NOBODY: Names<'static> = Names { schema: "schema", owner: "owner", role: "role" };

/// The definition of each object, by its description.
pub struct Shape(BTreeMap<String, String>);

/// One difference: the object, how it differs in one word, its definition here and there.
pub type Row = (String, &'static str, Option<String>, Option<String>);

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
        let objects: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let rows = objects.into_iter().filter_map(|object| {
            let (here, there) = (self.0.get(object), other.0.get(object));
            let difference = match (here, there) {
                (_, None) => "missing",
                (None, _) => "extra",
                (Some(here), Some(there)) if here == there => return None,
                _ => "changed",
            };
            Some((object.clone(), difference, here.cloned(), there.cloned()))
        });
        rows.collect()
    }
}
