//! Who may enter which tenant, whichever face they come by: the login is who it says, what it asks
//! for leads to one tenant, it has a grant there, and the tenant is served. In this order of
//! answers: who is not logged in learns nothing of tenants, and to who has no grant the tenant
//! does not exist.
//!
//! Joins `resolve`, `auth` and `control`. Must not know how a client speaks, nor server connections.

mod access;
mod refusal;
mod target;

pub use refusal::{Refusal, Result};
pub use target::{Key, Source, Target};

use crate::auth::{Passwords, Verifier};
use crate::control::{Control, LoginAccess};
use crate::resolve::{Resolver, Route, Service};
use access::{AccessCache, NO_TENANT};
use std::sync::Arc;
use std::time::Duration;

/// PostgreSQL cuts names at this length: a longer login does not exist.
const MAX_LOGIN: usize = 63;
/// Longer passwords only cost time.
const MAX_PASSWORD: usize = 1024;

/// What the faces share of deciding who comes in.
pub struct Admission {
    resolver: Resolver,
    control: Control,
    passwords: Passwords,
    access: AccessCache,
    authenticate: bool,
}

impl Admission {
    /// Over a resolver and the registry. `authenticate`: whether clients must prove who they are;
    /// `ttl`: how long a password that was right is remembered.
    pub fn new(resolver: Resolver, control: Control, authenticate: bool, ttl: Duration) -> Self {
        let (passwords, access) = (Passwords::new(ttl), AccessCache::new(ttl));
        Self { resolver, control, passwords, access, authenticate }
    }

    /// From hostnames and names to tenants.
    pub fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// The registry.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Whether clients must prove who they are. Where they need not, every login has every grant.
    pub fn authenticates(&self) -> bool {
        self.authenticate
    }

    /// Checks a password in clear, then lets the login in where it wants to go. 28P01 for a wrong
    /// password and an unknown login alike, after the same work; 53300 when too many are being
    /// checked; else as [`Self::again`].
    pub async fn admit(&self, login: &str, password: &str, target: &Target) -> Result<Arc<Route>> {
        self.check_password(login, password).await?;
        self.again(login, target).await
    }

    /// Where a login that has proved who it is may go now. Asks no password, so a client that is
    /// in asks it again when its route is outdated: cheap while nothing has changed, and nothing
    /// needs to be asked while [`Resolver::version`] stays.
    ///
    /// 3D000: no tenant that this login may enter. 22023: what it asks for names different
    /// tenants. 57P03: the tenant is not served. 28P01: the login cannot come this way any more.
    /// 08006: the registry is silent.
    pub async fn again(&self, login: &str, target: &Target) -> Result<Arc<Route>> {
        let mut leads = Vec::new();
        for source in target.sources() {
            let route = self.lead(login, source).await?;
            if route.is_some() || source.must_lead {
                leads.push((source.what, route));
            }
        }
        let found = || leads.iter().filter_map(|(_, route)| route.as_ref());
        // Of two answers on one tenant the newer one counts.
        let newest = found().max_by_key(|route| route.generation).ok_or_else(Refusal::unknown)?;
        let tenant = |lead: &Option<Arc<Route>>| lead.as_ref().map(|route| route.tenant_id);
        match leads.windows(2).find(|two| tenant(&two[0].1) != tenant(&two[1].1)) {
            Some(two) => Err(Refusal::disagreement(two[0].0, two[1].0)),
            None => served(newest.clone()),
        }
    }

    /// Where one of the sources leads. A tenant that the login may not enter is as good as none,
    /// here already: that two sources lead to it would tell that it exists.
    async fn lead(&self, login: &str, source: &Source) -> Result<Option<Arc<Route>>> {
        let found = match &source.key {
            Key::Hostname(hostname) => self.resolver.by_hostname(hostname).await,
            Key::Name(name) => self.resolver.by_name(name).await,
            Key::Neither => Ok(None),
        };
        let Some(route) = found.map_err(|_| Refusal::unavailable())? else { return Ok(None) };
        if !self.authenticate {
            return Ok(Some(route));
        }
        let tenant = (route.tenant_id, route.generation);
        let mut access = self.access.of(&self.control, login, tenant).await?;
        if access.verifier.is_none() {
            // It was let in with one, so it has none any more, or again.
            access = self.access.again(&self.control, login, tenant).await?;
        }
        match (access.verifier, access.granted) {
            (None, _) => Err(Refusal::wrong_password(login)),
            (Some(_), granted) => Ok(granted.then_some(route)),
        }
    }

    /// What a login proves its password against. A login that there is not, or that may not come
    /// this way, gets one that no password fits and that looks the same each time.
    pub async fn verifier(&self, login: &str) -> Result<Verifier> {
        if !is_possible(login) {
            return Ok(self.passwords.verifier(login, None));
        }
        let access = self.access.of(&self.control, login, NO_TENANT).await?;
        Ok(self.passwords.verifier(login, access.verifier.as_deref()))
    }

    /// After a proof that failed: the password may be one that was set a moment ago. The next
    /// attempt is checked against what the registry says now.
    pub async fn look_again(&self, login: &str) {
        if is_possible(login) {
            // A silent registry is in the log; the refusal of this attempt stands anyway.
            let _ = self.access.again(&self.control, login, NO_TENANT).await;
        }
    }

    async fn check_password(&self, login: &str, password: &str) -> Result<()> {
        if login.is_empty() || !is_possible(login) || password.len() > MAX_PASSWORD {
            return Err(Refusal::new("28P01", "password authentication failed"));
        }
        let access = self.access.of(&self.control, login, NO_TENANT).await?;
        if self.is_right(login, password, &access).await? {
            return Ok(());
        }
        let fresh = self.access.again(&self.control, login, NO_TENANT).await?;
        let changed = fresh.verifier != access.verifier;
        match changed && self.is_right(login, password, &fresh).await? {
            true => Ok(()),
            false => Err(Refusal::wrong_password(login)),
        }
    }

    async fn is_right(&self, login: &str, password: &str, access: &LoginAccess) -> Result<bool> {
        let checked = self.passwords.verify(login, password, access.verifier.as_deref()).await;
        checked.map_err(|error| {
            Refusal::new("53300", error.to_string()).hint("Try again in a moment.")
        })
    }
}

fn is_possible(login: &str) -> bool {
    login.len() <= MAX_LOGIN && !login.contains('\0')
}

fn served(route: Arc<Route>) -> Result<Arc<Route>> {
    match route.service {
        Service::Open => Ok(route),
        Service::Suspended => Err(Refusal::new("57P03", "the tenant is suspended")
            .hint("An administrator ends the suspension: SELECT tenancy.resume(tenant).")),
        Service::NotReady => Err(Refusal::new("57P03", "the tenant is not active yet")
            .hint("An administrator activates it: SELECT tenancy.activate(tenant).")),
    }
}

#[cfg(test)]
pub mod tests;
