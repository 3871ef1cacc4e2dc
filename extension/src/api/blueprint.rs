//! `fingerprint`, `differences`, `deparse`.

use super::arguments::required;
use crate::clone::{self, Names, Text};
use crate::ffi::report::or_raise;
use crate::store;
use pgrx::prelude::*;

/// `tenancy.deparse(schema, name, owner, role)`: the script that makes a copy of a schema.
#[pg_extern]
fn deparse(
    schema: Option<&str>,
    name: Option<&str>,
    owner: Option<&str>,
    role: Option<&str>,
) -> TableIterator<
    'static,
    (name!(privileged, bool), name!(object, String), name!(statement, String)),
> {
    let call = || {
        let blueprint = clone::read(required(schema, "schema")?, Text::Rebind)?;
        let names = Names {
            schema: required(name, "name")?,
            owner: required(owner, "owner")?,
            role: required(role, "role")?,
        };
        let steps = blueprint.steps.into_iter();
        Ok(steps
            .map(|step| (step.privileged, step.object, blueprint.slots.fill(&step.text, names)))
            .collect::<Vec<_>>())
    };
    TableIterator::new(or_raise(call()))
}

/// `tenancy.fingerprint(schema)`.
#[pg_extern]
fn fingerprint(schema: Option<&str>) -> String {
    or_raise(required(schema, "schema").and_then(clone::shape)).1
}

/// `tenancy.differences(name)`.
#[pg_extern]
fn differences(
    name: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(object, String),
        name!(difference, &'static str),
        name!(template, Option<String>),
        name!(tenant, Option<String>),
    ),
> {
    TableIterator::new(or_raise(required(name, "name").and_then(store::differences)))
}
