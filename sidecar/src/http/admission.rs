//! Whether a request may enter the tenant it asks for: what it says of itself goes to `admission`,
//! which decides.

use super::Services;
use super::credentials::Credentials;
use super::refusal::{Refusal, Result};
use crate::admission::Target;
use crate::resolve::Route;
use axum::http::StatusCode;
use std::sync::Arc;

/// Lets the request in, or says why not.
pub async fn admit(
    services: &Services,
    target: &Target,
    credentials: Option<&Credentials>,
) -> Result<Arc<Route>> {
    let admission = &services.admission;
    let route = match (admission.authenticates(), credentials) {
        (false, _) => admission.again("", target).await?,
        (true, Some(Credentials { login, password })) => {
            admission.admit(login, password, target).await?
        }
        (true, None) => {
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, "28000", "no login was given")
                .hint("Send a connection string with login and password, or HTTP Basic."));
        }
    };
    Ok(route)
}
