//! What a client may be told when it does not get what it asked for: a status and PostgreSQL's
//! error fields as JSON, as Neon's driver reads them. Everything a client sees of an error
//! passes through here, so nothing else can name another tenant, a seal or a server's address.

use crate::admission;
use crate::pool;
use crate::wire::{ErrorReport, Unsendable};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error for the client.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    report: Box<ErrorReport>,
}

/// Result whose error the client sees.
pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    /// With SQLSTATE and message.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let report = ErrorReport {
            severity: "ERROR".into(),
            code: code.into(),
            message: message.into(),
            ..ErrorReport::default()
        };
        Self { status, report: Box::new(report) }
    }

    /// What the core crate refuses: names and hostnames.
    pub fn core(error: tenancy_core::Error) -> Self {
        let mut refusal = Self::new(StatusCode::BAD_REQUEST, error.code.code(), error.message);
        refusal.report.detail = error.detail;
        refusal.report.hint = error.hint;
        refusal
    }

    /// A request that is not in the protocol of this face.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "08P01", message)
    }

    /// The registry or the server cannot be reached; the log says more.
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "08006", "the database cannot be reached")
            .hint("Try again in a moment.")
    }

    /// The route or the login changed while the request was under way; nothing was changed.
    pub fn stale() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "40001",
            "the tenant changed while the request was under way",
        )
        .detail("The work has not taken effect.")
        .hint("Try again.")
    }

    /// The process ends and waits no longer.
    pub fn stopping() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "57P01",
            "canceling statement because tenancy is shutting down",
        )
        .hint("Try again in a moment.")
    }

    /// The result passed the limit.
    pub fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "54000", "the result is too large")
            .detail(format!("The limit is {limit} bytes. {UNKNOWN_OUTCOME}"))
            .hint("Ask for fewer rows, or raise limits.result_bytes.")
    }

    /// Adds DETAIL.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.report.detail = Some(detail.into());
        self
    }

    /// Adds HINT.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.report.hint = Some(hint.into());
        self
    }

    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// SQLSTATE.
    pub fn code(&self) -> &str {
        &self.report.code
    }

    fn reported(status: StatusCode, report: Box<ErrorReport>) -> Self {
        Self { status, report }
    }

    /// The server's word on a switch. What concerns the tenant is for the client; what concerns
    /// the gateway (wrong seal, missing right) is for the log.
    fn of_switch(report: Box<ErrorReport>) -> Self {
        match report.code.as_str() {
            "3D000" => Self::reported(StatusCode::NOT_FOUND, report),
            "57P03" => Self::reported(StatusCode::SERVICE_UNAVAILABLE, report),
            code => {
                tracing::error!(code, message = report.message, "the server refused a switch");
                Self::unavailable()
            }
        }
    }

    /// The server's word on a statement.
    fn of_statement(report: Box<ErrorReport>) -> Self {
        let unavailable = report.is_fatal() || report.code == "57P03";
        let status =
            if unavailable { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::BAD_REQUEST };
        Self::reported(status, report)
    }
}

impl From<admission::Refusal> for Refusal {
    fn from(refused: admission::Refusal) -> Self {
        let status = match refused.code {
            "28000" | "28P01" => StatusCode::UNAUTHORIZED,
            "3D000" => StatusCode::NOT_FOUND,
            "57P03" | "53300" | "08006" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        let mut refusal = Self::new(status, refused.code, refused.message);
        refusal.report.detail = refused.detail;
        refusal.report.hint = refused.hint;
        refusal
    }
}

impl From<pool::Error> for Refusal {
    fn from(error: pool::Error) -> Self {
        use pool::Error;
        let bad = |code, message: &str| Self::new(StatusCode::BAD_REQUEST, code, message);
        match error {
            Error::Switch(report) => Self::of_switch(report),
            Error::Statement(report) | Error::Lost(Some(report)) => Self::of_statement(report),
            Error::Busy | Error::Crowded => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "53300",
                "no server connection became free in time",
            )
            .hint("Try again, or raise data.pool_size or timeouts.checkout."),
            Error::TransactionControl => bad("25001", "the work did not keep to its transaction")
                .detail("A transaction was left open, or ended before its time.")
                .hint(ONE_TRANSACTION),
            Error::Copy => bad("0A000", "COPY from or to the client is not possible over HTTP")
                .hint("Use INSERT and SELECT."),
            Error::TooLarge(limit) => Self::too_large(limit),
            Error::Unsendable(Unsendable::ZeroByte) => bad("22021", "the query holds a zero byte"),
            Error::Unsendable(Unsendable::TooLong) => {
                bad("54000", "the statement has too many or too long parameters")
            }
            Error::Lost(None) => {
                tracing::error!(%error, "server connection failed");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "08006",
                    "the connection to the database was lost",
                )
                .detail(UNKNOWN_OUTCOME)
                .hint("Look before you send work again that must not be done twice.")
            }
            Error::Connect(_) | Error::Refused(_) | Error::Authentication(_) | Error::Odd(_) => {
                tracing::error!(%error, "server connection failed");
                Self::unavailable()
            }
        }
    }
}

/// For errors that may come after the point of no return.
const UNKNOWN_OUTCOME: &str = "The work may have taken effect.";

/// How to have a transaction over HTTP.
pub const ONE_TRANSACTION: &str =
    "Each request is one transaction: send the statements that belong together as \"queries\".";

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let r = &self.report;
        let body = json!({
            "message": r.message, "code": r.code, "severity": r.severity, "detail": r.detail,
            "hint": r.hint, "position": r.position, "internalPosition": r.internal_position,
            "internalQuery": r.internal_query, "where": r.context, "schema": r.schema,
            "table": r.table, "column": r.column, "dataType": r.data_type,
            "constraint": r.constraint, "file": r.file, "line": r.line, "routine": r.routine,
        });
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"tenancy\", charset=\"UTF-8\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// For paths that are not there.
pub async fn no_such_path() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "08P01", "there is nothing at this path")
        .hint("SQL goes to POST /sql.")
}

/// For methods that a path does not take.
pub async fn no_such_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "08P01", "this path does not take this method")
        .hint("SQL goes to POST /sql.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Error;

    #[test]
    fn what_may_come_after_the_commit_does_not_deny_it() {
        for error in [Error::Lost(None), Error::TooLarge(10)] {
            let refusal = Refusal::from(error);
            let detail = refusal.report.detail.unwrap_or_default();
            assert!(detail.ends_with(UNKNOWN_OUTCOME), "{}: {detail}", refusal.report.message);
        }
    }
}
