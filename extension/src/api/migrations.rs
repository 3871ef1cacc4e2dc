//! `register_migration`, `migrate_tenant`, `migrate_template`, `migration_failed`, `migration_step`,
//! `mark_migrated`, `command_begin`, `command_end`.

use super::arguments::{one_of_both, required};
use crate::ffi::report::or_raise;
use crate::store;
use pgrx::prelude::*;

/// `tenancy.register_migration(name, script, template)`: returns the id.
#[pg_extern]
fn register_migration(name: Option<&str>, script: Option<&str>, template: Option<&str>) -> i64 {
    let call = || {
        let (name, script) = (required(name, "name")?, required(script, "script")?);
        store::register_migration(name, script, template)
    };
    or_raise(call())
}

/// `tenancy.migrate_tenant(tenant, upto)`: returns how many were applied.
#[pg_extern]
fn migrate_tenant(tenant: Option<&str>, upto: Option<&str>) -> i32 {
    or_raise(required(tenant, "tenant").and_then(|tenant| store::migrate_tenant(tenant, upto)))
}

/// `tenancy.migrate_template(template, upto)`: returns how many were applied.
#[pg_extern]
fn migrate_template(template: Option<&str>, upto: Option<&str>) -> i32 {
    let template = required(template, "template");
    or_raise(template.and_then(|template| store::migrate_template(template, upto)))
}

/// `tenancy.migration_failed(tenant, sqlstate, message, detail)`.
#[pg_extern]
fn migration_failed(
    tenant: Option<&str>,
    sqlstate: Option<&str>,
    message: Option<&str>,
    detail: Option<&str>,
) {
    let call = || {
        let (tenant, sqlstate) = (required(tenant, "tenant")?, required(sqlstate, "sqlstate")?);
        store::migration_failed(tenant, sqlstate, required(message, "message")?, detail)
    };
    or_raise(call());
}

/// `tenancy.migration_step(tenant, migration, done)`: the next statement.
#[pg_extern]
fn migration_step(
    tenant: Option<&str>,
    migration: Option<&str>,
    done: Option<bool>,
) -> Option<String> {
    let call = || {
        let (tenant, migration) = (required(tenant, "tenant")?, required(migration, "migration")?);
        store::migration_step(tenant, migration, required(done, "done")?)
    };
    or_raise(call())
}

/// `tenancy.mark_migrated(upto, tenant, template)`.
#[pg_extern]
fn mark_migrated(upto: Option<&str>, tenant: Option<&str>, template: Option<&str>) {
    let call = || {
        if tenant.is_some() == template.is_some() {
            return Err(one_of_both("tenant", "template"));
        }
        store::mark_migrated(required(upto, "upto")?, tenant, template)
    };
    or_raise(call());
}

/// `tenancy.command_begin(tenant, name)`: whether the command is to be run.
#[pg_extern]
fn command_begin(tenant: Option<&str>, name: Option<&str>) -> bool {
    or_raise(required(tenant, "tenant").and_then(|tenant| store::command_begin(tenant, name)))
}

/// `tenancy.command_end(tenant, succeeded, name)`.
#[pg_extern]
fn command_end(tenant: Option<&str>, succeeded: Option<bool>, name: Option<&str>) {
    let call = || {
        let (tenant, succeeded) = (required(tenant, "tenant")?, required(succeeded, "succeeded")?);
        store::command_end(tenant, succeeded, name)
    };
    or_raise(call());
}
