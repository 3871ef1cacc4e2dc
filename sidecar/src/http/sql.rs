//! `POST /sql`: from a request to rows, in the order: headers, admission, body, server. Nothing
//! of a body is read for a client that is not let in.

mod array;
mod body;
mod options;
mod output;
mod parameter;
mod render;
mod run;
mod transaction;

use super::admission;
use super::browser;
use super::credentials::{self, Credentials};
use super::peer::Peer;
use super::refusal::{Refusal, Result};
use super::target;
use super::{Services, Settings};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::sync::Arc;
use std::time::Instant;

/// What the log line of a request says besides its outcome. Never a password, a parameter or a
/// query: those are the client's.
#[derive(Default)]
struct Log {
    login: Option<String>,
    tenant: Option<String>,
    tenant_id: Option<i64>,
    statements: usize,
}

/// Answers one request and writes its log line.
pub async fn handle(State(services): State<Arc<Services>>, request: Request<Body>) -> Response {
    let started = Instant::now();
    let mut log = Log::default();
    let outcome = answer(&services, request, &mut log).await;
    let (status, code) = match &outcome {
        Ok(_) => (StatusCode::OK, "00000"),
        Err(refusal) => (refusal.status(), refusal.code()),
    };
    tracing::info!(
        tenant = log.tenant,
        tenant_id = log.tenant_id,
        login = log.login,
        statements = log.statements,
        status = status.as_u16(),
        code,
        milliseconds = started.elapsed().as_millis() as u64,
        "sql"
    );
    match outcome {
        Ok(body) => {
            (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn answer(
    services: &Arc<Services>,
    request: Request<Body>,
    log: &mut Log,
) -> Result<Vec<u8>> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    options::check_content_type(headers)?;
    if !services.admission.authenticates() {
        browser::refuse_pages(headers)?;
    }
    let defaults = options::read(headers)?;
    let connection = credentials::connection_string(headers)?;
    let credentials = match services.admission.authenticates() {
        true => credentials::credentials(headers, connection.as_ref())?,
        false => None,
    };
    let peer = parts.extensions.get::<Peer>().copied().ok_or_else(Refusal::unavailable)?;
    let target =
        target::target(&services.settings, headers, &parts.uri, peer, connection.as_ref())?;
    log.login = credentials.as_ref().map(login_for_log);
    let route = admission::admit(services, &target, credentials.as_ref()).await?;
    log.tenant = Some(route.tenant.clone());
    log.tenant_id = Some(route.tenant_id);
    let bytes = read(body, &services.settings).await?;
    let asked = body::parse(&bytes, &defaults)?;
    drop(bytes);
    log.statements = asked.shapes.len();
    let errand = run::Errand { target, credentials, route, work: asked.work };
    let results = run::run(services.clone(), errand).await?;
    let limit = services.settings.result_bytes;
    render::answer(&results, &asked.shapes, asked.is_batch, limit)
}

/// As the client sent it, hence cut and escaped.
fn login_for_log(credentials: &Credentials) -> String {
    credentials.login.chars().take(63).flat_map(char::escape_default).collect()
}

async fn read(body: Body, settings: &Settings) -> Result<bytes::Bytes> {
    let limit = settings.body_bytes;
    let collected = Limited::new(body, limit).collect();
    let Ok(collected) = tokio::time::timeout(settings.request_timeout, collected).await else {
        return Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "08P01",
            "the request body did not arrive in time",
        ));
    };
    collected.map(|collected| collected.to_bytes()).map_err(|error| {
        if error.downcast_ref::<LengthLimitError>().is_some() {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "54000", "the request body is too large")
                .detail(format!("The limit is {limit} bytes."))
                .hint("Split the work into several requests, or raise limits.body_bytes.")
        } else {
            Refusal::malformed("the request body cannot be read")
        }
    })
}
