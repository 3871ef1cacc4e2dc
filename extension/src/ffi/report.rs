//! Raising of core errors through PostgreSQL's error report.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use std::sync::OnceLock;
use tenancy_core::{Error, SqlState};

static OBSERVER: OnceLock<fn(&Error)> = OnceLock::new();

/// Has every error that is raised here told to the alarm first. For _PG_init.
pub fn observe(observer: fn(&Error)) {
    let _ = OBSERVER.set(observer);
}

/// Writes a line to the server's log, which no client sees.
pub fn log(line: &str) {
    let code = PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION;
    ErrorReport::new(code, line.to_owned(), "tenancy").report(PgLogLevel::LOG_SERVER_ONLY);
}

fn sqlstate(code: SqlState) -> PgSqlErrorCode {
    match code {
        SqlState::FeatureNotSupported => PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
        SqlState::InvalidParameterValue => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        SqlState::ActiveSqlTransaction => PgSqlErrorCode::ERRCODE_ACTIVE_SQL_TRANSACTION,
        SqlState::ReadOnlySqlTransaction => PgSqlErrorCode::ERRCODE_READ_ONLY_SQL_TRANSACTION,
        SqlState::UndefinedStatement => PgSqlErrorCode::ERRCODE_INVALID_SQL_STATEMENT_NAME,
        SqlState::InvalidAuthorization => {
            PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION
        }
        SqlState::UndefinedTenant => PgSqlErrorCode::ERRCODE_INVALID_CATALOG_NAME,
        SqlState::InsufficientPrivilege => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        SqlState::DuplicateObject => PgSqlErrorCode::ERRCODE_DUPLICATE_OBJECT,
        SqlState::ObjectNotInPrerequisiteState => {
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE
        }
        SqlState::CannotConnectNow => PgSqlErrorCode::ERRCODE_CANNOT_CONNECT_NOW,
        SqlState::SerializationFailure => PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
        SqlState::UndefinedSchema => PgSqlErrorCode::ERRCODE_INVALID_SCHEMA_NAME,
        SqlState::UndefinedObject => PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        SqlState::InsufficientResources => PgSqlErrorCode::ERRCODE_INSUFFICIENT_RESOURCES,
        SqlState::SyntaxError => PgSqlErrorCode::ERRCODE_SYNTAX_ERROR,
        SqlState::LimitExceeded => PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
        SqlState::InternalError => PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
    }
}

/// Raises a core error with its SQLSTATE, DETAIL and HINT. Never returns.
#[cold]
pub fn raise(error: Error) -> ! {
    if let Some(observe) = OBSERVER.get() {
        observe(&error);
    }
    let mut report = ErrorReport::new(sqlstate(error.code), error.message, "tenancy");
    if let Some(detail) = error.detail {
        report = report.set_detail(detail);
    }
    if let Some(hint) = error.hint {
        report = report.set_hint(hint);
    }
    report.report(PgLogLevel::ERROR);
    unreachable!("an error report of level ERROR does not return")
}

/// Sends a core error's text to the client as a notice, for what is done otherwise than asked.
pub fn notice(error: Error) {
    let code = PgSqlErrorCode::ERRCODE_WARNING;
    let mut report = ErrorReport::new(code, error.message, "tenancy");
    if let Some(detail) = error.detail {
        report = report.set_detail(detail);
    }
    if let Some(hint) = error.hint {
        report = report.set_hint(hint);
    }
    report.report(PgLogLevel::NOTICE);
}

/// Sends the client a notice that all is well.
pub fn notice_of_success(message: String) {
    let code = PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION;
    ErrorReport::new(code, message, "tenancy").report(PgLogLevel::NOTICE);
}

/// The value, or the error raised.
pub fn or_raise<T>(result: tenancy_core::Result<T>) -> T {
    result.unwrap_or_else(|error| raise(error))
}

/// Raises an error that PostgreSQL raised elsewhere again, with more to its DETAIL. Never returns.
pub fn raise_again(caught: pg_sys::panic::CaughtError, detail: &str) -> ! {
    use pg_sys::panic::CaughtError;
    let (CaughtError::PostgresError(ref e) | CaughtError::ErrorReport(ref e)) = caught else {
        caught.rethrow()
    };
    let detail = match e.detail() {
        Some(seen) => format!("{detail}\n{seen}"),
        None => detail.to_owned(),
    };
    let mut report =
        ErrorReport::new(e.sql_error_code(), e.message().to_owned(), "tenancy").set_detail(detail);
    if let Some(hint) = e.hint() {
        report = report.set_hint(hint.to_owned());
    }
    report.report(PgLogLevel::ERROR);
    unreachable!("an error report of level ERROR does not return")
}

/// Runs `work`; where PostgreSQL finds that a unique index has the row already, the other error is
/// raised: what was not there when it was looked for may have been committed since.
pub fn unless_duplicate<T>(work: impl FnOnce() -> T, error: impl Fn() -> Error) -> T {
    let (work, error) = (std::panic::AssertUnwindSafe(work), std::panic::AssertUnwindSafe(error));
    PgTryBuilder::new(move || {
        let work = work;
        (work.0)()
    })
    .catch_when(PgSqlErrorCode::ERRCODE_UNIQUE_VIOLATION, move |_| {
        let error = &error;
        raise((error.0)())
    })
    .execute()
}

/// Runs `work`; an error of PostgreSQL that passes through has its message rewritten.
pub fn renaming<T>(work: impl FnOnce() -> T, rewrite: impl Fn(&str) -> String) -> T {
    use pg_sys::panic::CaughtError;
    let (work, rewrite) =
        (std::panic::AssertUnwindSafe(work), std::panic::AssertUnwindSafe(rewrite));
    PgTryBuilder::new(move || {
        let work = work;
        (work.0)()
    })
    .catch_others(move |caught| {
        let rewrite = &rewrite;
        let (CaughtError::PostgresError(ref e) | CaughtError::ErrorReport(ref e)) = caught else {
            caught.rethrow()
        };
        let mut report = ErrorReport::new(e.sql_error_code(), (rewrite.0)(e.message()), "tenancy");
        if let Some(detail) = e.detail() {
            report = report.set_detail((rewrite.0)(detail));
        }
        if let Some(hint) = e.hint() {
            report = report.set_hint((rewrite.0)(hint));
        }
        report.report(PgLogLevel::ERROR);
        unreachable!("an error report of level ERROR does not return")
    })
    .execute()
}
