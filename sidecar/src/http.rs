//! The HTTP face: `POST /sql` in the protocol of Neon's serverless driver, and health. Joins
//! admission and pool; what one of them says becomes an answer to a client here.

mod admission;
mod browser;
mod credentials;
mod health;
mod peer;
mod refusal;
mod sql;
mod target;

pub use peer::Peer;

use crate::admission::Admission;
use crate::pool::ServerPool;
use axum::Router;
use axum::routing::{get, post};
use ipnet::IpNet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What the face may and may not do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Header with the tenant's name, in lower case.
    pub tenant_header: Option<String>,
    /// Who may send it.
    pub trusted_proxies: Vec<IpNet>,
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// Bytes of an answer.
    pub result_bytes: usize,
    /// How long the work of one request may take.
    pub request_timeout: Duration,
}

/// All that a request may need.
pub struct Services {
    /// Who may enter which tenant.
    pub admission: Arc<Admission>,
    /// Server connections.
    pub pool: ServerPool,
    /// The face's own settings.
    pub settings: Settings,
    /// Whether patience is at its end: what is still under way is cancelled.
    pub stop: watch::Sender<bool>,
}

impl Services {
    /// Cancels what is under way; its clients are told so.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    async fn stopped(&self) {
        // The sender lives as long as `self`.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }
}

/// Whether the process is there, and whether it can serve.
pub fn health(services: Arc<Services>) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .with_state(services)
}

/// The routes of this face.
pub fn router(services: Arc<Services>) -> Router {
    Router::new()
        .route("/sql", post(sql::handle))
        .with_state(services.clone())
        .merge(health(services))
        .fallback(refusal::no_such_path)
        .method_not_allowed_fallback(refusal::no_such_method)
}
