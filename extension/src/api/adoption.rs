//! `adopt` and `release`, the way in and the way out; `clone` and `switch_template`.

use super::arguments::{period, required};
use crate::ffi::report::or_raise;
use crate::store;
use pgrx::JsonB;
use pgrx::datum::Interval;
use pgrx::prelude::*;

/// `tenancy.adopt(schema, name, domain, dry_run)`.
#[pg_extern]
fn adopt(
    schema: Option<&str>,
    name: Option<&str>,
    domain: Option<&str>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (name!(object, String), name!(finding, String), name!(change, String), name!(severity, String)),
> {
    let call = || {
        let (schema, name) = (required(schema, "schema")?, required(name, "name")?);
        store::adopt(schema, name, domain, required(dry_run, "dry_run")?)
    };
    TableIterator::new(or_raise(call()))
}

/// `tenancy.release(name, owner, grace)`.
#[pg_extern]
fn release(name: Option<&str>, owner: Option<&str>, grace: Option<Interval>) {
    let call = || {
        let (name, owner) = (required(name, "name")?, required(owner, "owner")?);
        store::release(name, owner, period(grace, "grace")?)
    };
    or_raise(call());
}

/// `tenancy.clone(name, new_name, with_data, masks)`: returns the copy's id.
#[pg_extern]
fn clone_tenant(
    name: Option<&str>,
    new_name: Option<&str>,
    with_data: Option<bool>,
    masks: Option<JsonB>,
) -> i64 {
    let call = || {
        let (name, new_name) = (required(name, "name")?, required(new_name, "new_name")?);
        store::clone_tenant(name, new_name, required(with_data, "with_data")?, masks)
    };
    or_raise(call())
}

/// `tenancy.switch_template(name, template, dry_run)`.
#[pg_extern]
fn switch_template(
    name: Option<&str>,
    template: Option<&str>,
    dry_run: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(object, String),
        name!(difference, &'static str),
        name!(template, Option<String>),
        name!(tenant, Option<String>),
    ),
> {
    let call = || {
        let (name, template) = (required(name, "name")?, required(template, "template")?);
        store::switch_template(name, template, required(dry_run, "dry_run")?)
    };
    TableIterator::new(or_raise(call()))
}
