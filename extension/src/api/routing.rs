//! `resolve`, `resolve_name`.

use super::arguments::required;
use crate::ffi::report::or_raise;
use crate::store::{self, Route};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use tenancy_core::Result;

type Rows = TableIterator<
    'static,
    (
        name!(tenant, String),
        name!(id, i64),
        name!(status, String),
        name!(suspension, Option<String>),
        name!(generation, i64),
    ),
>;

/// `tenancy.resolve(hostname)`: one row or none.
#[pg_extern]
fn resolve(
    hostname: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(tenant, String),
        name!(id, i64),
        name!(status, String),
        name!(suspension, Option<String>),
        name!(generation, i64),
    ),
> {
    rows(required(hostname, "hostname").and_then(store::resolve))
}

/// `tenancy.resolve_name(name)`: one row or none.
#[pg_extern]
fn resolve_name(
    name: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(tenant, String),
        name!(id, i64),
        name!(status, String),
        name!(suspension, Option<String>),
        name!(generation, i64),
    ),
> {
    rows(required(name, "name").and_then(store::resolve_name))
}

fn rows(found: Result<Option<Route>>) -> Rows {
    TableIterator::new(
        or_raise(found).into_iter().map(|r| (r.tenant, r.id, r.status, r.suspension, r.generation)),
    )
}
