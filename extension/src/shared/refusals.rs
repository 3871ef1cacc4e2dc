//! What is counted of each tenant, and how many rows it may add to the audit trail.

use super::minute;
use crate::ffi::alarm_memory::{self, COUNTERS, Counter};
use crate::ffi::backend;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use tenancy_core::alarm::ROWS_PER_MINUTE;

/// How far from its place a tenant's counter may lie.
const PROBES: usize = 64;
const TAKEN: u32 = 2;

/// What the view tells of one tenant.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// The tenant; 0 for none, -1 for all that found no place.
    pub tenant: i64,
    /// Refusals.
    pub refused: i64,
    /// What passed although a guard would refuse it.
    pub reported: i64,
    /// Refusals that the audit trail does not tell.
    pub unaudited: i64,
    /// When the last refusal was, in microseconds since PostgreSQL's epoch.
    pub last: i64,
}

fn is(counter: &Counter, tenant: i64) -> bool {
    counter.state.load(Acquire) == TAKEN
        && counter.tenant.load(Relaxed) == tenant
        && counter.database.load(Relaxed) == backend::database()
}

/// The counter of a tenant of this database; the common one when there is no place for it.
fn counter(tenant: i64) -> Option<&'static Counter> {
    let (all, rest) = alarm_memory::counters().split_at_checked(COUNTERS)?;
    let key = (tenant as u64) ^ (u64::from(backend::database()) << 40);
    let start = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize;
    for place in (0..PROBES).map(|step| &all[(start + step) % COUNTERS]) {
        if is(place, tenant) {
            return Some(place);
        }
        if place.state.compare_exchange(0, 1, AcqRel, Relaxed).is_ok() {
            place.tenant.store(tenant, Relaxed);
            place.database.store(backend::database(), Relaxed);
            place.state.store(TAKEN, Release);
            return Some(place);
        }
    }
    rest.first()
}

fn add(tenant: i64, of: impl Fn(&Counter) -> &AtomicU64, count: u64) {
    if let Some(counter) = counter(tenant) {
        of(counter).fetch_add(count, Relaxed);
    }
}

/// Counts a refusal.
pub fn count_refused(tenant: i64) {
    add(tenant, |counter| &counter.refused, 1);
    if let Some(counter) = counter(tenant) {
        counter.last.store(backend::now(), Relaxed);
    }
}

/// Counts what passed although a guard would refuse it.
pub fn count_reported(tenant: i64) {
    add(tenant, |counter| &counter.reported, 1);
}

/// Counts refusals that the audit trail will not tell.
pub fn count_unaudited(tenant: i64, count: u64) {
    add(tenant, |counter| &counter.unaudited, count);
}

/// The audit trail tells them after all.
pub fn count_audited(tenant: i64, count: u64) {
    add(tenant, |counter| &counter.unaudited, count.wrapping_neg());
}

/// Whether the tenant may add a row to the audit trail in this minute. If not, the refusal is told
/// later, as part of a number.
pub fn admit_row(tenant: i64) -> bool {
    let Some(counter) = counter(tenant) else { return false };
    let first = minute() << 16;
    let next = |window: u64| {
        let window = window.max(first);
        (window - first < u64::from(ROWS_PER_MINUTE)).then_some(window + 1)
    };
    let admitted = counter.window.fetch_update(AcqRel, Acquire, next).is_ok();
    if !admitted {
        counter.summed_up.fetch_add(1, AcqRel);
    }
    admitted
}

/// The tenants of this database with refusals that are to be told as a number.
pub fn take_sums() -> Vec<(i64, u64)> {
    let own = own_counters().map(|c| (c.tenant.load(Relaxed), c.summed_up.swap(0, AcqRel)));
    own.filter(|(_, count)| *count > 0).collect()
}

fn own_counters() -> impl Iterator<Item = &'static Counter> {
    let own = |c: &&Counter| {
        c.state.load(Acquire) == TAKEN && c.database.load(Relaxed) == backend::database()
    };
    alarm_memory::counters().iter().take(COUNTERS).filter(own)
}

/// What was counted in this database.
pub fn tallies() -> Vec<Tally> {
    let own = own_counters().map(|c| tally(c, c.tenant.load(Relaxed)));
    let rest = alarm_memory::counters().get(COUNTERS).map(|c| tally(c, -1));
    own.chain(rest.filter(|t| t.refused + t.reported > 0)).collect()
}

fn tally(counter: &Counter, tenant: i64) -> Tally {
    let number = |value: &AtomicU64| i64::try_from(value.load(Relaxed)).unwrap_or(i64::MAX);
    Tally {
        tenant,
        refused: number(&counter.refused),
        reported: number(&counter.reported),
        unaudited: number(&counter.unaudited),
        last: counter.last.load(Relaxed),
    }
}

/// Begins to count anew in this database.
pub fn reset_tallies() {
    for counter in own_counters().chain(alarm_memory::counters().get(COUNTERS)) {
        for value in [&counter.refused, &counter.reported, &counter.unaudited] {
            value.store(0, Relaxed);
        }
        counter.last.store(0, Relaxed);
    }
}
