//! The face for operators' machines: `/metrics` in the text of Prometheus (OpenMetrics), `/healthz` and
//! `/readyz`. No password: it listens on this machine unless it is told otherwise, and names tenants.

mod metrics;

use crate::http::{self, Services};
use crate::proxy::Face;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::Metrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is looked at.
pub struct Admin {
    services: Arc<Services>,
    face: Option<Arc<Face>>,
    /// Tenants that the metrics name.
    named: AtomicUsize,
    metrics: Metrics,
}

impl Admin {
    /// Of these faces, naming so many tenants.
    pub fn new(services: Arc<Services>, face: Option<Arc<Face>>, named: usize) -> Self {
        Self { services, face, named: AtomicUsize::new(named), metrics: Metrics::default() }
    }

    /// Names so many tenants from now on.
    pub fn name_tenants(&self, named: usize) {
        self.named.store(named, Ordering::Relaxed);
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let snapshot = self.face.as_ref().map(|face| face.snapshot());
        let named = self.named.load(Ordering::Relaxed);
        self.metrics.text(snapshot, self.services.pool.figures(), named)
    }
}

/// The routes of this face.
pub fn router(admin: Arc<Admin>) -> Router {
    let health = http::health(admin.services.clone());
    Router::new().route("/metrics", get(metrics_text)).with_state(admin).merge(health)
}

/// Put together where no client waits for it.
async fn metrics_text(State(admin): State<Arc<Admin>>) -> Response {
    match tokio::task::spawn_blocking(move || admin.text()).await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
