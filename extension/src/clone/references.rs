//! What needs what, by `pg_depend`: each statement's object and all that is made with it.

use super::part::{CLASS, CONSTRAINT, Node, OPFAMILY, Part, TYPE};
use crate::ffi::Oid;
use crate::sql::{Row, Session};
use pgrx::datum::DatumWithOid;
use std::collections::{HashMap, HashSet};
use tenancy_core::Result;

/// Objects that come into being with others: row types and arrays with tables and types, indexes with
/// keys, sequences with identity columns, members with operator classes, defaults with columns, checks with domains.
const BELONGINGS: &str = "
WITH RECURSIVE tree (classid, objid, ownerclass, owner) AS (
  SELECT d.classid, d.objid, d.refclassid, d.refobjid
  FROM unnest($1, $2) AS n (classid, objid) JOIN pg_depend d ON d.refclassid = n.classid AND d.refobjid = n.objid
  WHERE d.deptype = 'i' OR d.deptype = 'a' AND (d.classid IN ('pg_attrdef'::regclass, 'pg_amop'::regclass, 'pg_amproc'::regclass)
    OR d.classid = 'pg_constraint'::regclass AND d.refclassid = 'pg_type'::regclass)
  UNION
  SELECT d.classid, d.objid, t.classid, t.objid
  FROM tree t JOIN pg_depend d ON d.refclassid = t.classid AND d.refobjid = t.objid
  WHERE d.deptype = 'i'
)
SELECT DISTINCT classid, objid, ownerclass, owner FROM tree";

/// What all these refer to.
const REFERENCES: &str = "
SELECT d.classid, d.objid, d.refclassid, d.refobjid, d.deptype::text
FROM unnest($1, $2) AS n (classid, objid) JOIN pg_depend d ON d.classid = n.classid AND d.objid = n.objid
WHERE d.refclassid <> 'pg_namespace'::regclass AND d.deptype IN ('n', 'a', 'i', 'P', 'S')";

type Object = (u32, u32);

/// One row of `pg_depend`.
pub struct Reference {
    from: Object,
    to: Object,
    kind: String,
}

/// What the catalogs tell of a schema's objects.
pub struct References {
    owners: HashMap<Object, Object>,
    all: Vec<Reference>,
}

impl References {
    /// Reads them for all objects that statements make.
    pub fn read(session: &Session<'_, '_>, nodes: &HashSet<Node>) -> Result<Self> {
        let objects: HashSet<Object> =
            nodes.iter().filter(|n| n.part == 0).map(|n| (n.catalog, n.object)).collect();
        let belongings = session.rows(BELONGINGS, &arrays(objects.iter().copied()), |row| {
            Ok(((oid(&row, 1)?, oid(&row, 2)?), (oid(&row, 3)?, oid(&row, 4)?)))
        })?;
        let owners: HashMap<_, _> =
            belongings.into_iter().filter(|(object, _)| !objects.contains(object)).collect();
        let named = nodes.iter().map(|n| (n.catalog, n.object));
        let every: HashSet<Object> = named.chain(owners.keys().copied()).collect();
        let all = session.rows(REFERENCES, &arrays(every.into_iter()), |row| {
            Ok(Reference {
                from: (oid(&row, 1)?, oid(&row, 2)?),
                to: (oid(&row, 3)?, oid(&row, 4)?),
                kind: row.required(5)?,
            })
        })?;
        Ok(Self { owners, all })
    }

    /// Pairs of statements, by position: the first needs the second. `inside` says which objects
    /// stand inside another's statement.
    pub fn needs(&self, parts: &[Part], inside: &HashMap<Node, Node>) -> Vec<(usize, usize)> {
        let places: HashMap<Node, usize> =
            parts.iter().enumerate().map(|(at, part)| (part.node, at)).collect();
        let mut needs = Vec::new();
        for reference in &self.all {
            let to = self.maker(reference.to, inside);
            let from = self.maker(reference.from, inside);
            let (Some(from), Some(to)) =
                (self.dependent(from, reference, &places), places.get(&to).copied())
            else {
                continue;
            };
            needs.push((from, self.early(parts, from, to, &places).unwrap_or(to)));
        }
        needs.extend(within_objects(&places));
        for (at, part) in parts.iter().enumerate() {
            let outer = self.maker((part.node.catalog, part.node.object), inside);
            let made_by = (part.node.part > 0).then_some(outer);
            needs.extend(
                part.needs
                    .iter()
                    .copied()
                    .chain(made_by)
                    .filter_map(|n| Some((at, *places.get(&n)?))),
            );
        }
        needs
    }

    /// The statement that makes an object.
    fn maker(&self, object: Object, inside: &HashMap<Node, Node>) -> Node {
        let mut object = object;
        loop {
            let node = Node::of(object.0, object.1);
            if let Some(outer) = inside.get(&node) {
                return *outer;
            }
            match self.owners.get(&object) {
                // A loose member is added once the family is there.
                Some(family) if family.0 == OPFAMILY => {
                    return Node::of(family.0, family.1).part(2);
                }
                Some(owner) => object = *owner,
                None => return node,
            }
        }
    }

    /// The statement that has to wait: where an object is tied to another after both were made, that
    /// is the one that ties.
    fn dependent(
        &self,
        from: Node,
        reference: &Reference,
        places: &HashMap<Node, usize>,
    ) -> Option<usize> {
        let tied = match reference.kind.as_str() {
            "P" | "S" => true,
            "a" => {
                from.catalog == CLASS
                    && reference.to.0 == CLASS
                    && from == Node::of(reference.from.0, reference.from.1)
            }
            _ => false,
        };
        let later = places.get(&from.part(1)).copied();
        if tied && matches!(from.catalog, CLASS | CONSTRAINT) && later.is_some() {
            return later;
        }
        places.get(&from).copied().or(later)
    }

    /// The shell of a type, when the type itself needs what needs it.
    fn early(
        &self,
        parts: &[Part],
        from: usize,
        to: usize,
        places: &HashMap<Node, usize>,
    ) -> Option<usize> {
        let (function, type_) = (parts[from].node, parts[to].node);
        if type_.catalog != TYPE || function.catalog == TYPE {
            return None;
        }
        let shell = places.get(&type_.part(-1)).copied()?;
        let mutual = self.all.iter().any(|r| {
            r.from == (type_.catalog, type_.object) && r.to == (function.catalog, function.object)
        });
        mutual.then_some(shell)
    }
}

/// The parts of one object follow each other.
fn within_objects(places: &HashMap<Node, usize>) -> Vec<(usize, usize)> {
    let mut nodes: Vec<_> = places.keys().copied().collect();
    nodes.sort_unstable();
    nodes
        .windows(2)
        .filter(|pair| pair[0].catalog == pair[1].catalog && pair[0].object == pair[1].object)
        .filter_map(|pair| Some((*places.get(&pair[1])?, *places.get(&pair[0])?)))
        .collect()
}

/// A column that is an OID.
pub fn oid(row: &Row<'_>, number: usize) -> Result<u32> {
    Ok(row.required::<Oid>(number)?.to_u32())
}

/// Catalogs and objects as two arrays.
pub fn arrays(objects: impl Iterator<Item = Object>) -> Vec<DatumWithOid<'static>> {
    let (classes, ids): (Vec<Oid>, Vec<Oid>) =
        objects.map(|(class, id)| (Oid::from(class), Oid::from(id))).unzip();
    vec![classes.into(), ids.into()]
}
