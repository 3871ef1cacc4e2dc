//! Tables: CREATE TABLE with as much as can stand in it, and what has to come later.

use super::kinds;
use super::part::{CLASS, CONSTRAINT, DEFAULT, Node, Part};
use super::table_rows::{Column, Constraint, Table};
use std::collections::HashSet;
use tenancy_core::quote::identifier;

impl Table {
    /// What stands in CREATE TABLE unless it is in `apart`.
    fn stands_inside(&self, constraint: &Constraint, apart: &HashSet<Node>) -> bool {
        let may = match constraint.kind.as_str() {
            "c" => constraint.is_validated,
            "f" => false,
            // Those of partitions are attached to the parent's one by one.
            _ => !self.is_partitioned && self.attach.is_none(),
        };
        may && !apart.contains(&Node::of(CONSTRAINT, constraint.oid))
    }

    /// The parts of CREATE TABLE that are objects of their own; each could come later.
    pub fn insides(&self, apart: &HashSet<Node>) -> Vec<Node> {
        let defaults =
            self.columns.iter().filter_map(|c| c.default_oid).map(|d| Node::of(DEFAULT, d));
        let constraints = self.constraints.iter().filter(|c| self.stands_inside(c, apart));
        defaults
            .filter(|node| !apart.contains(node))
            .chain(constraints.map(|c| Node::of(CONSTRAINT, c.oid)))
            .collect()
    }

    /// The constraints that have an index.
    pub fn keys(&self) -> Vec<Node> {
        let keys = self.constraints.iter().filter(|c| matches!(c.kind.as_str(), "p" | "u" | "x"));
        keys.map(|c| Node::of(CONSTRAINT, c.oid)).collect()
    }

    /// The table's own node.
    pub fn node(&self) -> Node {
        Node::of(CLASS, self.oid)
    }

    /// Whether a node that stands inside could be taken out.
    pub fn can_come_later(&self, node: Node) -> bool {
        !self.columns.iter().any(|c| c.is_generated && c.default_oid == Some(node.object))
    }

    /// The statements that make the table.
    pub fn parts(&self, apart: &HashSet<Node>) -> Vec<Part> {
        let mut parts = vec![self.creation(apart)];
        parts.extend(self.later_columns(apart));
        parts.extend(self.later_constraints(apart));
        if let Some(attach) = &self.attach {
            parts.push(Part::new(self.node().part(1), kinds::PARTITIONS, attach.clone()));
        }
        let settings: Vec<_> = [Some(self.row_security.clone()), self.replica_identity.clone()]
            .into_iter()
            .flatten()
            .filter(|setting| !setting.is_empty())
            .collect();
        if !settings.is_empty() {
            let text = format!("ALTER TABLE ONLY {} {}", self.identifier(), settings.join(", "));
            parts.push(Part::new(self.node().part(3), kinds::TABLE_SETTINGS, text));
        }
        parts
    }

    /// A foreign table is the superuser's to make: the owner has no right on the server.
    fn creation(&self, apart: &HashSet<Node>) -> Part {
        let statement = self.statement(apart);
        match &self.settle {
            None => Part::new(self.node(), kinds::TABLES, statement),
            Some(settle) => Part {
                privileged: true,
                ..Part::new(self.node(), kinds::TABLES, format!("{statement}; {settle}"))
            },
        }
    }

    fn identifier(&self) -> String {
        identifier(&self.name)
    }

    fn statement(&self, apart: &HashSet<Node>) -> String {
        let mut items: Vec<String> =
            self.columns.iter().filter_map(|column| self.column(column, apart)).collect();
        for constraint in self.constraints.iter().filter(|c| self.stands_inside(c, apart)) {
            items.push(format!(
                "CONSTRAINT {} {}",
                identifier(&constraint.name),
                constraint.definition
            ));
        }
        let list = items.join(", ");
        let body = match (&self.of_type, list.is_empty()) {
            (Some(of), true) => format!(" OF {of}"),
            (Some(of), false) => format!(" OF {of} ({list})"),
            (None, _) => format!(" ({list})"),
        };
        let inherits = self
            .inherits
            .as_ref()
            .map_or_else(String::new, |parents| format!(" INHERITS ({parents})"));
        format!("{}{body}{inherits}{}", self.create, self.after)
    }

    /// A column as it stands in CREATE TABLE; none when a parent brings it.
    fn column(&self, column: &Column, apart: &HashSet<Node>) -> Option<String> {
        if !column.is_local && self.inherits.is_some() {
            return None;
        }
        let default = self.default_inside(column, apart).unwrap_or_default();
        let name = identifier(&column.name);
        if column.is_typed {
            let options = format!("{default}{}", column.not_null);
            return (!options.is_empty()).then(|| format!("{name} WITH OPTIONS{options}"));
        }
        Some(format!("{name} {}{default}{}{}", column.kind, column.identity, column.not_null))
    }

    fn default_inside<'a>(&self, column: &'a Column, apart: &HashSet<Node>) -> Option<&'a str> {
        let node = Node::of(DEFAULT, column.default_oid?);
        (!apart.contains(&node)).then_some(column.default.as_deref()).flatten()
    }

    fn later_columns(&self, apart: &HashSet<Node>) -> Vec<Part> {
        let table = self.identifier();
        let mut parts = Vec::new();
        for column in &self.columns {
            let (Some(oid), Some(default)) = (column.default_oid, &column.default) else {
                continue;
            };
            let node = Node::of(DEFAULT, oid);
            let inherited = self.inherits.is_some() && !column.is_local;
            if (apart.contains(&node) || inherited) && !column.is_generated {
                let name = identifier(&column.name);
                let text = format!("ALTER TABLE ONLY {table} ALTER COLUMN {name} SET{default}");
                parts.push(Part::new(node, kinds::CHECKS, text).after(self.node()));
            }
        }
        let settings: Vec<_> =
            self.columns.iter().map(|c| c.later.as_str()).filter(|l| !l.is_empty()).collect();
        if !settings.is_empty() {
            let text = format!("ALTER TABLE ONLY {table} {}", settings.join(", "));
            parts.push(Part::new(self.node().part(2), kinds::CHECKS, text));
        }
        parts
    }

    fn later_constraints(&self, apart: &HashSet<Node>) -> Vec<Part> {
        let mut parts = Vec::new();
        for constraint in &self.constraints {
            let node = Node::of(CONSTRAINT, constraint.oid);
            if !self.stands_inside(constraint, apart) {
                // Children have to have a check as well; one of the same name becomes the parent's.
                let reaches_children =
                    constraint.kind == "c" || constraint.kind == "f" && self.is_partitioned;
                let only = if reaches_children { "" } else { "ONLY " };
                let rank = match constraint.kind.as_str() {
                    "f" => kinds::FOREIGN_KEYS,
                    "c" => kinds::CHECKS,
                    _ => kinds::KEYS,
                };
                let text = format!(
                    "ALTER TABLE {only}{} ADD CONSTRAINT {} {}",
                    self.identifier(),
                    identifier(&constraint.name),
                    constraint.definition
                );
                let mut part = Part::new(node, rank, text).after(self.node());
                let children = constraint.after.iter().map(|c| Node::of(CONSTRAINT, c.to_u32()));
                part.needs.extend(children);
                parts.push(part);
            }
            if let Some(options) = &constraint.options {
                parts.push(Part::new(node.part(2), kinds::KEYS + 2, options.clone()));
            }
            if let Some(attach) = &constraint.attach {
                parts.push(Part::new(node.part(1), kinds::KEYS + 1, attach.clone()));
            }
        }
        parts
    }
}
