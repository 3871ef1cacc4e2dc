//! `drift`.

use crate::ffi::report::or_raise;
use crate::store;
use pgrx::prelude::*;

/// `tenancy.drift(template)`.
#[allow(clippy::type_complexity)] // pgrx reads the columns from the type
#[pg_extern]
fn drift(
    template: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(tenant, String),
        name!(made_of, String),
        name!(object, String),
        name!(difference, &'static str),
        name!(in_template, Option<String>),
        name!(in_tenant, Option<String>),
    ),
> {
    let rows = or_raise(store::drift(template));
    TableIterator::new(rows.into_iter().map(|drifted| {
        let (object, difference, here, there) = drifted.difference;
        (drifted.tenant, drifted.template, object, difference, here, there)
    }))
}
