//! Runs a request's work on a server connection. The connection is held by a task of its own, so
//! that a client that hangs up cannot leave it half way: the task sees the client go, cancels,
//! and closes the connection; or it parks the connection after the answer is on its way.

use crate::http::Services;
use crate::http::admission;
use crate::http::credentials::Credentials;
use crate::http::refusal::{Refusal, Result};
use crate::http::target::Target;
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
    let entered = match checkout.enter(&errand.route.tenant, &errand.work).await {
        Ok(entered) => entered,
        Err(error) => return refused(services, errand, error),
    };
    // Until here nothing that the work did can last; after this nothing can be taken back.
    if let Err(refusal) = confirm(services, errand, entered).await {
        return (Err(refusal), Afterwards::Abandon);
    }
    match checkout.finish(&errand.work).await {
        Ok(results) => (Ok(results), Afterwards::Park),
        Err(error) => refused(services, errand, error),
    }
}

/// Compares where the server says it is with where the client was let in. When the registry has
/// moved on since, the client must be let in anew, to the same tenant as it is now.
async fn confirm(services: &Services, errand: &Errand, entered: Entered) -> Result<()> {
    if is_at(&errand.route, entered) {
        return Ok(());
    }
    services.resolver.forget(errand.route.tenant_id);
    if entered.tenant_id != errand.route.tenant_id {
        return Err(Refusal::stale());
    }
    let route = admission::admit(services, &errand.target, errand.credentials.as_ref()).await?;
    if is_at(&route, entered) { Ok(()) } else { Err(Refusal::stale()) }
}

fn is_at(route: &Route, entered: Entered) -> bool {
    route.tenant_id == entered.tenant_id && route.generation == entered.generation
}

fn refused(services: &Services, errand: &Errand, error: Error) -> (Outcome, Afterwards) {
    let afterwards = match &error {
        Error::Switch(_) => {
            // The server knows better than the cache what became of the tenant.
            services.resolver.forget(errand.route.tenant_id);
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
        .detail(format!("The limit is {} ms; the work was rolled back.", limit.as_millis()))
        .hint("Ask for less at once, or raise timeouts.request.")
}
