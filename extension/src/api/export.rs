//! `export`.

use super::arguments::required;
use crate::ffi::report::or_raise;
use crate::store;
use pgrx::prelude::*;

/// `tenancy.export(name, schema)`: a tenant as a script for psql, one line or statement per row.
#[pg_extern]
fn export(name: Option<&str>, schema: Option<&str>) -> SetOfIterator<'static, String> {
    let mut script = or_raise(required(name, "name").and_then(|name| store::export(name, schema)));
    SetOfIterator::new(std::iter::from_fn(move || or_raise(script.next())))
}
