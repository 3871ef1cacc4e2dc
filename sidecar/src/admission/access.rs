//! What the registry said of a login, for a short while. An entry is bound to the tenant's
//! generation: every change of its grants raises that, and the server tells it with each switch.
//! ALTER ROLE raises no generation (NOLOGIN, SUPERUSER, a new password), hence the short while.

use super::refusal::{Refusal, Result};
use crate::control::{self, Control, LoginAccess};
use moka::future::Cache;
use std::time::Duration;

const CAPACITY: u64 = 10_000;

/// The most that a change of a login may take to count. Asking again is cheap: the expensive part
/// of a password check is remembered elsewhere.
const MAX_LIFE: Duration = Duration::from_secs(5);

/// No tenant has this id: asks for the verifier alone.
pub const NO_TENANT: (i64, i64) = (0, 0);

/// The cache over `login_access`.
pub struct AccessCache {
    entries: Cache<(String, i64, i64), LoginAccess>,
}

impl AccessCache {
    /// Keeps entries for `ttl`, but never long; zero keeps none.
    pub fn new(ttl: Duration) -> Self {
        let ttl = ttl.min(MAX_LIFE);
        Self { entries: Cache::builder().max_capacity(CAPACITY).time_to_live(ttl).build() }
    }

    /// Keeps entries for as long as a test may take.
    #[cfg(test)]
    pub fn lasting() -> Self {
        Self { entries: Cache::new(CAPACITY) }
    }

    /// Takes note of what a test would have the registry say.
    #[cfg(test)]
    pub async fn know(&self, login: &str, tenant: (i64, i64), access: LoginAccess) {
        self.entries.insert((login.to_owned(), tenant.0, tenant.1), access).await;
    }

    /// Verifier and grant of a login for a tenant (id and generation).
    pub async fn of(
        &self,
        control: &Control,
        login: &str,
        tenant: (i64, i64),
    ) -> Result<LoginAccess> {
        let key = (login.to_owned(), tenant.0, tenant.1);
        let load = control.login_access(login, tenant.0);
        self.entries.try_get_with(key, load).await.map_err(|error| unavailable(&error))
    }

    /// The same, as the registry says it now. When the registry is silent the entry stays: a
    /// stranger with a wrong password must not be able to take it from the login's owner.
    pub async fn again(
        &self,
        control: &Control,
        login: &str,
        tenant: (i64, i64),
    ) -> Result<LoginAccess> {
        let load = control.login_access(login, tenant.0);
        let fresh = load.await.map_err(|error| unavailable(&error))?;
        self.entries.insert((login.to_owned(), tenant.0, tenant.1), fresh.clone()).await;
        Ok(fresh)
    }
}

fn unavailable(error: &control::Error) -> Refusal {
    tracing::error!(%error, "cannot look up a login");
    Refusal::unavailable()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody listens on port 1.
    fn silent() -> Control {
        let config = "host=127.0.0.1 port=1 user=nobody".parse().unwrap();
        Control::new(config, 1, Duration::from_secs(1)).unwrap()
    }

    #[tokio::test]
    async fn a_silent_registry_does_not_cost_the_entry() {
        let (cache, control, tenant) = (AccessCache::new(MAX_LIFE), silent(), (7, 12));
        let known = LoginAccess { verifier: None, granted: true };
        cache.entries.insert(("app".into(), tenant.0, tenant.1), known).await;
        assert!(cache.again(&control, "app", tenant).await.is_err());
        assert!(cache.of(&control, "app", tenant).await.is_ok_and(|access| access.granted));
        assert!(cache.of(&control, "app", (7, 13)).await.is_err());
    }

    #[test]
    fn no_configuration_makes_it_keep_entries_for_long() {
        let cache = AccessCache::new(Duration::from_secs(3600));
        assert_eq!(cache.entries.policy().time_to_live(), Some(MAX_LIFE));
    }
}
