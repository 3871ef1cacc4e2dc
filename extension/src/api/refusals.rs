//! `stat_refusals`, `stat_tenants_reset`: what the alarm counted.

use crate::shared;
use pgrx::prelude::*;

/// `tenancy.stat_refusals()`: a row for each tenant with refusals; times in microseconds since 2000.
#[pg_extern]
fn stat_refusals() -> TableIterator<
    'static,
    (
        name!(tenant_id, i64),
        name!(refused, i64),
        name!(reported, i64),
        name!(unaudited, i64),
        name!(last, i64),
    ),
> {
    let rows = shared::tallies().into_iter();
    TableIterator::new(rows.map(|t| (t.tenant, t.refused, t.reported, t.unaudited, t.last)))
}

/// `tenancy.stat_tenants_reset()`: begins to count anew.
#[pg_extern]
fn stat_tenants_reset() {
    shared::reset_tallies();
}
