//! Whether a request may enter the tenant it asks for: the tenant exists, the login is who it
//! says, it has a grant, and the tenant is served. In this order of answers: who is not logged
//! in learns nothing of tenants, and to who has no grant the tenant does not exist.

use super::Services;
use super::access::NO_TENANT;
use super::credentials::Credentials;
use super::refusal::{Refusal, Result};
use super::target::Target;
use crate::auth::Overloaded;
use crate::control::LoginAccess;
use crate::resolve::{Route, Service, Unreachable};
use axum::http::StatusCode;
use std::sync::Arc;

/// PostgreSQL cuts names at this length: a longer login does not exist.
const MAX_LOGIN: usize = 63;
/// Longer passwords only cost time.
const MAX_PASSWORD: usize = 1024;

/// Lets the request in, or says why not.
pub async fn admit(
    services: &Services,
    target: &Target,
    credentials: Option<&Credentials>,
) -> Result<Arc<Route>> {
    let found = find(services, target).await;
    let Found { route, refusal } = found?;
    let access = match services.settings.authenticate {
        true => Some(authenticate(services, credentials, route.as_deref()).await?),
        false => None,
    };
    let Some(route) = route else { return Err(refusal.unwrap_or_else(unknown)) };
    if access.is_some_and(|access| !access.granted) {
        return Err(unknown());
    }
    match route.service {
        Service::Open => Ok(route),
        Service::Suspended => Err(not_served("the tenant is suspended")
            .hint("An administrator ends the suspension: SELECT tenancy.resume(tenant).")),
        Service::NotReady => Err(not_served("the tenant is not active yet")
            .hint("An administrator activates it: SELECT tenancy.activate(tenant).")),
    }
}

/// A route, or what to say in its place once the client has proved who it is.
struct Found {
    route: Option<Arc<Route>>,
    refusal: Option<Refusal>,
}

async fn find(services: &Services, target: &Target) -> Result<Found> {
    let by_host = match &target.hostname {
        Some(hostname) => services.resolver.by_hostname(hostname).await.map_err(unreachable)?,
        None => None,
    };
    let Some(name) = &target.name else {
        return Ok(Found { route: by_host, refusal: None });
    };
    let by_name = services.resolver.by_name(name).await.map_err(unreachable)?;
    let agree = match (&by_name, &by_host) {
        (Some(one), Some(other)) => one.tenant_id == other.tenant_id,
        (_, None) => !target.explicit,
        (None, Some(_)) => true,
    };
    match agree {
        true => Ok(Found { route: by_name, refusal: None }),
        false => Ok(Found { route: None, refusal: Some(disagreement()) }),
    }
}

async fn authenticate(
    services: &Services,
    credentials: Option<&Credentials>,
    route: Option<&Route>,
) -> Result<LoginAccess> {
    let Some(Credentials { login, password }) = credentials else {
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "28000", "no login was given")
            .hint("Send a connection string with login and password, or HTTP Basic."));
    };
    let wrong = || {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "28P01",
            format!("password authentication failed for user \"{login}\""),
        )
    };
    if login.is_empty()
        || login.len() > MAX_LOGIN
        || password.len() > MAX_PASSWORD
        || login.contains('\0')
    {
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "28P01",
            "password authentication failed",
        ));
    }
    let tenant = route.map_or(NO_TENANT, |route| (route.tenant_id, route.generation));
    let access = services.access.of(&services.control, login, tenant).await?;
    let verify = async |access: &LoginAccess| {
        let verifier = access.verifier.as_deref();
        services.passwords.verify(login, password, verifier).await.map_err(overloaded)
    };
    if verify(&access).await? {
        return Ok(access);
    }
    // The password may be one that was set a moment ago.
    let fresh = services.access.again(&services.control, login, tenant).await?;
    let changed = fresh.verifier != access.verifier;
    if changed && verify(&fresh).await? { Ok(fresh) } else { Err(wrong()) }
}

fn unknown() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "3D000", "no tenant of this login is known under this host")
        .hint(
            "Check the hostname. An administrator registers it (tenancy.add_domain) and lets the login in (tenancy.grant_login).",
        )
}

fn disagreement() -> Refusal {
    Refusal::malformed("the tenant header and the host name different tenants")
        .hint("Send one of them, or make them agree.")
}

fn not_served(message: &str) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "57P03", message)
}

fn overloaded(error: Overloaded) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "53300", error.to_string())
        .hint("Try again in a moment.")
}

fn unreachable(_: Unreachable) -> Refusal {
    Refusal::unavailable()
}
