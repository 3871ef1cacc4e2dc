//! What each tenant uses of this process, and how much it may. Counters are for people to read; the
//! limits count clients and transactions of this process alone.

use arc_swap::{ArcSwap, ArcSwapOption};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Tenants whose clients have all gone are remembered for their counters, up to about so many.
const MOST_REMEMBERED: usize = 20_000;

/// What a tenant may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Clients at a time.
    pub clients: usize,
    /// Transactions begun in a second; `None` for any number.
    pub transactions_per_second: Option<NonZeroU32>,
}

/// What a tenant has used since the process started.
#[derive(Default)]
pub struct Counters {
    /// Transactions that have ended.
    pub transactions: AtomicU64,
    /// Queries that were answered.
    pub queries: AtomicU64,
    /// Microseconds that its clients have waited for a server connection.
    pub wait_micros: AtomicU64,
    /// Microseconds that they have held one.
    pub hold_micros: AtomicU64,
    /// Switches in front of a transaction.
    pub switches: AtomicU64,
    /// Transactions that were refused for a limit.
    pub refusals: AtomicU64,
}

/// A tenant that this process has had clients of.
pub struct Tenant {
    /// Its id.
    pub id: i64,
    name: Mutex<Arc<str>>,
    /// How many clients it has.
    pub clients: AtomicUsize,
    /// What it has used.
    pub counters: Counters,
    rate: ArcSwapOption<DefaultDirectRateLimiter>,
}

impl Tenant {
    fn new(id: i64, name: &str, limits: &Limits) -> Self {
        Self {
            id,
            name: Mutex::new(name.into()),
            clients: AtomicUsize::new(0),
            counters: Counters::default(),
            rate: ArcSwapOption::new(limiter(limits)),
        }
    }

    /// Its name when a client was last let in.
    pub fn name(&self) -> Arc<str> {
        self.name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it may begin another transaction now.
    pub fn may_begin(&self) -> bool {
        self.rate.load().as_ref().is_none_or(|rate| rate.check().is_ok())
    }
}

fn limiter(limits: &Limits) -> Option<Arc<DefaultDirectRateLimiter>> {
    let rate = limits.transactions_per_second?;
    Some(Arc::new(RateLimiter::direct(Quota::per_second(rate))))
}

/// Adds to a counter.
pub fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

/// All of them.
pub struct Tenants {
    limits: ArcSwap<Limits>,
    known: Mutex<HashMap<i64, Arc<Tenant>>>,
}

/// A client counts for its tenant for as long as it holds this.
pub struct Seat(Arc<Tenant>);

impl Seat {
    /// The tenant.
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.0
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Tenants {
    /// None yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits: ArcSwap::from_pointee(limits), known: Mutex::default() }
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        **self.limits.load()
    }

    /// Other limits from now on. Clients that are more than that stay.
    pub fn limit(&self, limits: Limits) {
        let old = self.limits.swap(Arc::new(limits));
        if old.transactions_per_second == limits.transactions_per_second {
            return;
        }
        for tenant in self.all() {
            tenant.rate.store(limiter(&limits));
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<i64, Arc<Tenant>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client of a tenant; `None` where there are as many as may be.
    pub fn seat(&self, id: i64, name: &str) -> Option<Seat> {
        let mut known = self.known();
        // Under the lock, so that nobody comes in by old limits behind who changes them.
        let limits = self.limits();
        if known.len() >= MOST_REMEMBERED && !known.contains_key(&id) {
            known.retain(|_, tenant| tenant.clients.load(Ordering::Acquire) > 0);
        }
        let tenant = known.entry(id).or_insert_with(|| Arc::new(Tenant::new(id, name, &limits)));
        if tenant.clients.load(Ordering::Acquire) >= limits.clients {
            return None;
        }
        *tenant.name.lock().unwrap_or_else(PoisonError::into_inner) = name.into();
        tenant.clients.fetch_add(1, Ordering::AcqRel);
        Some(Seat(tenant.clone()))
    }

    /// All that are known.
    pub fn all(&self) -> Vec<Arc<Tenant>> {
        self.known().values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_so_many_clients_and_no_more() {
        let tenants = Tenants::new(Limits { clients: 2, transactions_per_second: None });
        let first = tenants.seat(1, "acme");
        let _second = tenants.seat(1, "acme");
        assert!(first.is_some() && tenants.seat(1, "acme").is_none());
        assert!(tenants.seat(2, "globex").is_some());
        drop(first);
        assert!(tenants.seat(1, "acme").is_some());
    }

    #[test]
    fn transactions_are_rationed_by_the_second() {
        let limits = Limits { clients: 1, transactions_per_second: NonZeroU32::new(3) };
        let seat = Tenants::new(limits).seat(1, "acme").unwrap();
        let begun = (0..10).filter(|_| seat.tenant().may_begin()).count();
        assert!((3..5).contains(&begun), "{begun}");
    }

    #[test]
    fn other_limits_count_for_tenants_that_are_here() {
        let tenants = Tenants::new(Limits { clients: 2, transactions_per_second: None });
        let first = tenants.seat(1, "acme").unwrap();
        let _second = tenants.seat(1, "acme");
        tenants.limit(Limits { clients: 1, transactions_per_second: NonZeroU32::new(1) });
        assert!(tenants.seat(1, "acme").is_none());
        assert!(first.tenant().may_begin() && !first.tenant().may_begin());
        tenants.limit(Limits { clients: 3, transactions_per_second: None });
        assert!(tenants.seat(1, "acme").is_some());
        assert!(first.tenant().may_begin());
    }

    #[test]
    fn tenants_without_clients_are_forgotten_when_there_are_many() {
        let tenants = Tenants::new(Limits { clients: 1, transactions_per_second: None });
        let _stays = tenants.seat(0, "stays");
        for id in 1..=MOST_REMEMBERED as i64 {
            tenants.seat(id, "goes");
        }
        assert!(tenants.all().len() < 10 && tenants.all().iter().any(|t| t.id == 0));
    }
}
