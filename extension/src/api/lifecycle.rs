//! `register_template`, `create`, `activate`, `suspend`, `resume`, `drop`.

use super::arguments::{one_of_both, period, required};
use crate::ffi::report::or_raise;
use crate::store::{self, NewTenant};
use pgrx::JsonB;
use pgrx::datum::Interval;
use pgrx::prelude::*;
use tenancy_core::Result;
use tenancy_core::lifecycle::Suspension;

/// `tenancy.register_template(name, script, schema, rebind)`.
#[pg_extern]
fn register_template(
    name: Option<&str>,
    script: Option<&str>,
    schema: Option<&str>,
    rebind: Option<bool>,
) {
    let call = || {
        let (name, rebind) = (required(name, "name")?, required(rebind, "rebind")?);
        match (script, schema) {
            (Some(script), None) => store::register_script(name, script),
            (None, Some(schema)) => store::register_schema(name, schema, rebind),
            _ => Err(one_of_both("script", "schema")),
        }
    };
    or_raise(call());
}

/// `tenancy.create(name, template, plan, domain, settings, schema, activate)`: returns the id.
#[pg_extern]
fn create(
    name: Option<&str>,
    template: Option<&str>,
    plan: Option<&str>,
    domain: Option<&str>,
    settings: Option<JsonB>,
    schema: Option<&str>,
    activate: Option<bool>,
) -> i64 {
    let call = || {
        let (name, activate) = (required(name, "name")?, required(activate, "activate")?);
        store::create(NewTenant { name, template, plan, domain, settings, schema, activate })
    };
    or_raise(call())
}

/// `tenancy.make_spare(template)`: returns the schema's name.
#[pg_extern]
fn make_spare(template: Option<&str>) -> String {
    or_raise(required(template, "template").and_then(store::make_spare))
}

/// `tenancy.activate(name)`.
#[pg_extern]
fn activate(name: Option<&str>) {
    or_raise(required(name, "name").and_then(store::activate));
}

/// `tenancy.suspend(name, mode, reason, grace)`.
#[pg_extern]
fn suspend(name: Option<&str>, mode: Option<&str>, reason: Option<&str>, grace: Option<Interval>) {
    let call = || -> Result<()> {
        let mode = Suspension::parse(required(mode, "mode")?)?;
        store::suspend(required(name, "name")?, mode, reason, period(grace, "grace")?)
    };
    or_raise(call());
}

/// `tenancy.resume(name)`.
#[pg_extern]
fn resume(name: Option<&str>) {
    or_raise(required(name, "name").and_then(store::resume));
}

/// `tenancy.rename(name, new_name)`.
#[pg_extern]
fn rename(name: Option<&str>, new_name: Option<&str>) {
    let call = || store::rename(required(name, "name")?, required(new_name, "new_name")?);
    or_raise(call());
}

/// `tenancy.drop(name, grace)`.
#[pg_extern]
fn drop(name: Option<&str>, grace: Option<Interval>) {
    let call = || store::drop_tenant(required(name, "name")?, period(grace, "grace")?);
    or_raise(call());
}
