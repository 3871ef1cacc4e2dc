//! Runs a request's work on a server connection. The connection is held by a task of its own, so
//! that a client that hangs up cannot leave it half way: the task sees the client go, cancels,
//! and closes the connection; or it parks the connection after the answer is on its way.

use crate::admission::Target;
use crate::http::Services;
use crate::http::admission;
use crate::http::credentials::Credentials;
use crate::http::refusal::{Refusal, Result};
use crate::pool::{Checkout, Entered, Error, Work};
use crate::resolve::Route;
use crate::wire::StatementResult;
use axum::http::StatusCode;
use std::sync::Arc;
use tokio::sync::oneshot;

/// What is to be done, for whom.
pub struct Errand {
    /// What the client asked for.
    pub target: Target,
    /// Who it said it is.
    pub credentials: Option<Credentials>,
    /// Where it was let in.
    pub route: Arc<Route>,
    /// What it wants done there.
    pub work: Work,
}

type Outcome = Result<Vec<StatementResult>>;

/// Runs the errand and waits for its outcome.
pub async fn run(services: Arc<Services>, errand: Errand) -> Outcome {
    let checkout = services.pool.checkout().await?;
    let (answer, outcome) = oneshot::channel();
    tokio::spawn(attend(services, checkout, errand, answer));
    outcome.await.unwrap_or_else(|_| Err(Refusal::unavailable()))
}

/// What becomes of the connection.
enum Afterwards {
    /// Everything was read: it can be parked.
    Park,
    /// Something may still run on it, or was left behind.
    Abandon,
    /// It is gone, or it was never used.
    LetGo,
}

async fn attend(
    services: Arc<Services>,
    mut checkout: Checkout,
    errand: Errand,
    mut answer: oneshot::Sender<Outcome>,
) {
    let limit = services.settings.request_timeout;
    let (outcome, afterwards) = tokio::select! {
        done = exchange(&services, &mut checkout, &errand) => done,
        () = answer.closed() => {
            tracing::info!(tenant = errand.route.tenant, "the client hung up; its work is rolled back");
            checkout.abandon().await;
            return;
        }
        () = services.stopped() => {
            // First the cancel: when all clients are answered, the process ends.
            checkout.abandon().await;
            let _ = answer.send(Err(Refusal::stopping()));
            return;
        }
        () = tokio::time::sleep(limit) => (Err(too_slow(limit)), Afterwards::Abandon),
    };
    // Nobody listens any more: then nobody misses it.
    let _ = answer.send(outcome);
    match afterwards {
        Afterwards::Park => checkout.park().await,
        Afterwards::Abandon => checkout.abandon().await,
        Afterwards::LetGo => {}
    }
}

async fn exchange(
    services: &Services,
    checkout: &mut Checkout,
    errand: &Errand,
) -> (Outcome, Afterwards) {
    let entered = match enter(services, checkout, errand).await {
        Ok(entered) => entered,
        Err(Stop::Refused(refusal)) => return (Err(refusal), Afterwards::Park),
        Err(Stop::Failed(error)) => return refused(services, errand, error),
    };
    if entered.tenant_id != errand.route.tenant_id {
        tracing::error!(tenant = errand.route.tenant, "the server switched to another tenant");
        return (Err(Refusal::stale()), Afterwards::Abandon);
    }
    match checkout.finish(&errand.work).await {
        Ok(results) => (Ok(results), Afterwards::Park),
        Err(error) => refused(services, errand, error),
    }
}

/// Why the work did not start.
enum Stop {
    /// The client may not have it done.
    Refused(Refusal),
    /// It could not be had done.
    Failed(Error),
}

/// Switches to the tenant as the client was let in. The server itself compares the route, and
/// refuses the work behind an outdated one; then the client must be let in anew, to the same
/// tenant as it is now.
async fn enter(
    services: &Services,
    checkout: &mut Checkout,
    errand: &Errand,
) -> std::result::Result<Entered, Stop> {
    match checkout.enter(&as_resolved(&errand.route), &errand.work).await {
        Err(Error::Switch(report)) if is_outdated(&report.code) => {}
        other => return other.map_err(Stop::Failed),
    }
    services.admission.resolver().forget(errand.route.tenant_id);
    let route = admission::admit(services, &errand.target, errand.credentials.as_ref())
        .await
        .map_err(Stop::Refused)?;
    if route.tenant_id != errand.route.tenant_id {
        return Err(Stop::Refused(Refusal::stale()));
    }
    match checkout.enter(&as_resolved(&route), &errand.work).await {
        Err(Error::Switch(report)) if is_outdated(&report.code) => {
            Err(Stop::Refused(Refusal::stale()))
        }
        other => other.map_err(Stop::Failed),
    }
}

/// A route as `switch` takes it.
fn as_resolved(route: &Route) -> String {
    format!("{}/{}", route.tenant_id, route.generation)
}

/// Whether a switch failed because the registry has moved on: another generation, or no such
/// tenant any more.
fn is_outdated(code: &str) -> bool {
    matches!(code, "40001" | "3D000")
}

fn refused(services: &Services, errand: &Errand, error: Error) -> (Outcome, Afterwards) {
    let afterwards = match &error {
        Error::Switch(_) => {
            // The server knows better than the cache what became of the tenant.
            services.admission.resolver().forget(errand.route.tenant_id);
            Afterwards::Park
        }
        Error::Statement(report) if !report.is_fatal() => Afterwards::Park,
        Error::Unsendable(_) | Error::Lost(_) | Error::Statement(_) => Afterwards::LetGo,
        _ => Afterwards::Abandon,
    };
    (Err(error.into()), afterwards)
}

fn too_slow(limit: std::time::Duration) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "57014", "canceling statement due to the request timeout")
        .detail(format!(
            "The limit is {} ms; what commits by itself may have taken effect.",
            limit.as_millis()
        ))
        .hint("Ask for less at once, or raise timeouts.request.")
}
