//! The bounded cache: one load per key at a time, a life time of its own for "there is none" and
//! "not served", and marks in time before which answers no longer count.

use super::Settings;
use super::registry::{Route, Service, Unreachable};
use moka::Expiry;
use moka::future::Cache as Moka;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tenancy_core::hostname::Hostname;
use tenancy_core::name::TenantName;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A hostname.
    Hostname(Hostname),
    /// A tenant's name.
    Name(TenantName),
}

/// What a look-up gave.
pub struct Found {
    /// The route, if there is one.
    pub route: Option<Route>,
    /// Whether it holds only as long as something else is not there. Like "there is none" it
    /// ends with a change of any tenant, and without one soon.
    pub is_fallback: bool,
}

#[derive(Clone)]
struct Entry {
    route: Option<Arc<Route>>,
    is_fallback: bool,
    /// The tick at which the registry was asked, not the one at which it answered: a change in
    /// between may be missing from the answer.
    asked: u64,
}

/// The cache.
pub struct Cache {
    entries: Moka<Key, Entry>,
    /// Counts hints. An answer is as old as the tick at which it was asked for.
    tick: AtomicU64,
    /// Entries asked before this tick no longer count.
    all_since: AtomicU64,
    /// Nor do answers "there is none", and fallbacks, asked before this one.
    negative_since: AtomicU64,
}

struct LifeTimes {
    ttl: Duration,
    negative_ttl: Duration,
}

impl Entry {
    /// Whether a change of a tenant that it does not name may make it wrong.
    fn is_negative(&self) -> bool {
        self.route.is_none() || self.is_fallback
    }
}

impl Expiry<Key, Entry> for LifeTimes {
    fn expire_after_create(&self, _: &Key, entry: &Entry, _: Instant) -> Option<Duration> {
        // What is served is compared with the server's word each time; what is refused is not.
        let served = entry.route.as_ref().is_some_and(|route| route.service == Service::Open);
        let is_firm = served && !entry.is_negative();
        Some(if is_firm { self.ttl } else { self.negative_ttl })
    }

    fn expire_after_update(
        &self,
        key: &Key,
        entry: &Entry,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.expire_after_create(key, entry, now)
    }
}

impl Cache {
    pub fn new(settings: Settings) -> Self {
        let life = LifeTimes { ttl: settings.ttl, negative_ttl: settings.negative_ttl };
        Self {
            entries: Moka::builder()
                .max_capacity(settings.cache_size)
                .support_invalidation_closures()
                .expire_after(life)
                .build(),
            tick: AtomicU64::new(0),
            all_since: AtomicU64::new(0),
            negative_since: AtomicU64::new(0),
        }
    }

    /// The cached answer, else what `load` gives. Those who ask for the same key at the same
    /// time share one load; failures are not kept.
    pub async fn get(
        &self,
        key: Key,
        load: impl Future<Output = Result<Found, Unreachable>>,
    ) -> Result<Option<Arc<Route>>, Unreachable> {
        let load = async {
            let asked = self.tick.load(Ordering::SeqCst);
            let Found { route, is_fallback } = load.await?;
            Ok::<_, Unreachable>(Entry { route: route.map(Arc::new), is_fallback, asked })
        };
        if let Some(entry) = self.entries.get(&key).await {
            if self.counts(&entry) {
                return Ok(entry.route);
            }
            self.entries.invalidate(&key).await;
        }
        let entry = self.entries.try_get_with(key, load).await.map_err(|error| *error)?;
        Ok(entry.route)
    }

    /// How many hints there were.
    pub fn tick(&self) -> u64 {
        self.tick.load(Ordering::SeqCst)
    }

    fn counts(&self, entry: &Entry) -> bool {
        // Whatever moves `all_since` moves `negative_since` at least as far.
        let since = match entry.is_negative() {
            false => self.all_since.load(Ordering::SeqCst),
            true => self.negative_since.load(Ordering::SeqCst),
        };
        entry.asked >= since
    }

    /// Nothing that was asked before now counts any more.
    pub fn drop_all(&self) {
        let now = self.tick.fetch_add(1, Ordering::SeqCst) + 1;
        self.all_since.fetch_max(now, Ordering::SeqCst);
        self.negative_since.fetch_max(now, Ordering::SeqCst);
    }

    /// Drops a tenant's entries and all negative ones and fallbacks, for the change may be a
    /// new hostname.
    pub fn drop_tenant(&self, tenant_id: i64) {
        let now = self.tick.fetch_add(1, Ordering::SeqCst) + 1;
        self.negative_since.fetch_max(now, Ordering::SeqCst);
        let is_of_tenant = move |_: &Key, entry: &Entry| {
            entry.asked < now && entry.route.as_ref().is_some_and(|r| r.tenant_id == tenant_id)
        };
        // Moka consults the predicate on every read until it has swept the whole cache.
        if self.entries.invalidate_entries_if(is_of_tenant).is_err() {
            self.all_since.fetch_max(now, Ordering::SeqCst);
        }
    }
}
