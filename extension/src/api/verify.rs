//! `verify`.

use super::arguments::required;
use crate::ffi::report::or_raise;
use crate::store;
use pgrx::prelude::*;

/// `tenancy.verify(name)`.
#[pg_extern]
fn verify(
    name: Option<&str>,
) -> TableIterator<'static, (name!(check, String), name!(ok, bool), name!(detail, String))> {
    TableIterator::new(or_raise(required(name, "name").and_then(store::verify)))
}
