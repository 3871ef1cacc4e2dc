//! Making the lists, from the dependencies of the schemas that a tenant sees.

use crate::ffi::own_objects::{self as objects, Attachment, Object};
use crate::ffi::{Oid, roles};
use std::collections::HashMap;
use tenancy_core::catalog::{FIRST_NORMAL_OID, class};

const TENANTS_GROUP: &str = "tenancy_tenant";
/// Classes without a schema that an extension or a grant may bring.
const WITHOUT_SCHEMA: [u32; 6] = [
    class::AM,
    class::CAST,
    class::FOREIGN_DATA_WRAPPER,
    class::FOREIGN_SERVER,
    class::LANGUAGE,
    class::TRANSFORM,
];

/// The objects that a tenant sees, by class.
#[derive(Default)]
pub struct Listing(HashMap<u32, Vec<Oid>>);

impl Listing {
    /// Lists what is in the schemas, what comes with it, and what is granted to all tenants.
    pub fn new(schemas: Vec<Oid>, own_roles: [Oid; 2]) -> Self {
        let mut listing = Self::default();
        for schema in &schemas {
            listing.add_all(objects::dependents((class::NAMESPACE, *schema)));
        }
        listing.0.insert(class::NAMESPACE, schemas);
        listing.add_extensions();
        listing.0.insert(class::AUTHID, own_roles.to_vec());
        if let Some(group) = roles::find(TENANTS_GROUP) {
            listing.add((class::AUTHID, group));
            listing.add_granted(group);
        }
        listing
    }

    /// The objects of a class.
    pub fn objects(&mut self, class: u32) -> Vec<Oid> {
        if class == class::ANY_RARE {
            return class::RARE.iter().flat_map(|rare| self.list(*rare)).copied().collect();
        }
        if !self.0.contains_key(&class) {
            let attached = self.attached(class);
            self.0.insert(class, attached);
        }
        self.list(class).to_vec()
    }

    fn list(&self, class: u32) -> &[Oid] {
        self.0.get(&class).map_or(&[], Vec::as_slice)
    }

    /// What is listed when it is asked for, because few queries do.
    fn attached(&self, class: u32) -> Vec<Oid> {
        let to = |owners: &[Oid], what: &Attachment| -> Vec<Oid> {
            owners.iter().flat_map(|owner| objects::attached(what, *owner)).collect()
        };
        let relations = self.list(class::CLASS);
        match class {
            class::CONSTRAINT => {
                let types = self.list(class::TYPE).iter().copied();
                let domains: Vec<_> =
                    types.filter(|of_type| objects::is_domain(*of_type)).collect();
                let mut found = to(relations, &objects::CONSTRAINTS);
                found.extend(to(&domains, &objects::DOMAIN_CONSTRAINTS));
                found
            }
            class::TRIGGER => to(relations, &objects::TRIGGERS),
            class::REWRITE => to(relations, &objects::RULES),
            class::POLICY => to(relations, &objects::POLICIES),
            class::ATTRDEF => to(relations, &objects::DEFAULTS),
            _ => Vec::new(),
        }
    }

    fn add_all(&mut self, objects: Vec<Object>) {
        for object in objects {
            self.add_with_companions(object);
        }
    }

    fn add(&mut self, (class, object): Object) {
        if object != Oid::INVALID {
            self.0.entry(class).or_default().push(object);
        }
    }

    /// An object, and what has no dependency on the schema because it comes with the object.
    fn add_with_companions(&mut self, object: Object) {
        match object {
            (class::CLASS, relation) => self.add_relation(relation),
            (class::TYPE, of_type) => self.add_type(of_type),
            other => self.add(other),
        }
    }

    fn add_relation(&mut self, oid: Oid) {
        let Some(relation) = objects::relation(oid) else { return };
        self.add((class::CLASS, oid));
        self.add((class::TABLESPACE, relation.tablespace));
        self.add_array(relation.row_type);
        if matches!(relation.kind, b'r' | b'm' | b'p') {
            self.add_indexes(oid);
        }
        if relation.toast != Oid::INVALID {
            self.add((class::CLASS, relation.toast));
            self.add_indexes(relation.toast);
        }
    }

    fn add_indexes(&mut self, of: Oid) {
        for index in objects::attached(&objects::INDEXES, of) {
            self.add((class::CLASS, index));
        }
    }

    fn add_type(&mut self, oid: Oid) {
        let with = objects::companions(oid);
        self.add_array(oid);
        self.add_array(with.multirange);
        self.add((class::CLASS, with.relation));
    }

    /// A type and its array type.
    fn add_array(&mut self, of_type: Oid) {
        if of_type != Oid::INVALID {
            self.add((class::TYPE, of_type));
            self.add((class::TYPE, objects::companions(of_type).array));
        }
    }

    /// Extensions whose objects are the system's or in a schema that the tenant sees, and what
    /// these brought outside of any schema.
    fn add_extensions(&mut self) {
        for (extension, schema) in objects::extensions() {
            let shared = self.list(class::NAMESPACE).contains(&schema);
            if !shared && schema.to_u32() >= FIRST_NORMAL_OID {
                continue;
            }
            self.add((class::EXTENSION, extension));
            for object in objects::dependents((class::EXTENSION, extension)) {
                if WITHOUT_SCHEMA.contains(&object.0) {
                    self.add(object);
                }
            }
        }
    }

    /// Shared tables and what else is granted to the group of all tenants, wherever it is.
    fn add_granted(&mut self, group: Oid) {
        for object in objects::granted(group) {
            if self.list(object.0).contains(&object.1) {
                continue;
            }
            self.add_with_companions(object);
            if object.0 == class::CLASS {
                let schema = objects::schema_of_relation(object.1);
                if !self.list(class::NAMESPACE).contains(&schema) {
                    self.add((class::NAMESPACE, schema));
                }
            }
        }
    }
}
