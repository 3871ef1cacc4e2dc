//! `undrop`, and the two functions behind the procedure `purge`.

use super::arguments::required;
use crate::ffi::report::or_raise;
use crate::store;
use pgrx::prelude::*;

/// `tenancy.undrop(name, id, new_name)`.
#[pg_extern]
fn undrop(
    name: Option<&str>,
    id: Option<i64>,
    new_name: Option<&str>,
) -> TableIterator<'static, (name!(hostname, String), name!(restored, bool))> {
    let call = || store::undrop(required(name, "name")?, id, new_name);
    TableIterator::new(or_raise(call()))
}

/// `tenancy.purge_start(name, force, id)`.
#[pg_extern]
fn purge_start(name: Option<&str>, force: Option<bool>, id: Option<i64>) -> i64 {
    let call = || store::start_purge(required(name, "name")?, required(force, "force")?, id);
    or_raise(call())
}

/// `tenancy.purge_batch(id)`.
#[pg_extern]
fn purge_batch(id: Option<i64>) -> Option<String> {
    or_raise(required(id, "id").and_then(store::purge_batch))
}
