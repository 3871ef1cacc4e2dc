//! `/healthz`: the process answers. `/readyz`: the registry answers, and there is a data
//! connection that can be sealed.

use super::Services;
use crate::pool;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;

/// Always well: who asks has got an answer.
pub async fn alive() -> Response {
    answer(StatusCode::OK, json!({"status": "ok"}))
}

/// Ready to serve tenants.
pub async fn ready(State(services): State<Arc<Services>>) -> Response {
    let registry = services.admission.control().version().await;
    if let Err(error) = &registry {
        tracing::warn!(%error, "not ready: the registry");
    }
    let data = match services.pool.checkout().await {
        // All are at work, so they can be had.
        Ok(_) | Err(pool::Error::Busy) => true,
        Err(error) => {
            tracing::warn!(%error, "not ready: server connections");
            false
        }
    };
    let word = |well: bool| if well { "ok" } else { "unavailable" };
    let well = registry.is_ok() && data;
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": word(well), "registry": word(registry.is_ok()), "data": word(data),
    });
    answer(status, body)
}

fn answer(status: StatusCode, body: serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
