//! What the registry said of a login, for a short while. An entry is bound to the tenant's
//! generation: every change of its grants raises that, and the server tells it with each switch.

use super::refusal::{Refusal, Result};
use crate::control::{Control, LoginAccess};
use moka::future::Cache;
use std::time::Duration;

const CAPACITY: u64 = 10_000;

/// No tenant has this id: asks for the verifier alone.
pub const NO_TENANT: (i64, i64) = (0, 0);

/// The cache over `login_access`.
pub struct AccessCache {
    entries: Cache<(String, i64, i64), LoginAccess>,
}

impl AccessCache {
    /// Keeps entries for `ttl`; zero keeps none.
    pub fn new(ttl: Duration) -> Self {
        Self { entries: Cache::builder().max_capacity(CAPACITY).time_to_live(ttl).build() }
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
        self.entries.try_get_with(key, load).await.map_err(|error| {
            tracing::error!(%error, "cannot look up a login");
            Refusal::unavailable()
        })
    }

    /// The same, as the registry says it now.
    pub async fn again(
        &self,
        control: &Control,
        login: &str,
        tenant: (i64, i64),
    ) -> Result<LoginAccess> {
        self.entries.invalidate(&(login.to_owned(), tenant.0, tenant.1)).await;
        self.of(control, login, tenant).await
    }
}
