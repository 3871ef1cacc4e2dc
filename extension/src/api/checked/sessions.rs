//! Functions about sessions: the text of the running message, and signals to others.

use crate::ffi::builtin_call::{Answer, Call};
use crate::ffi::{backend, signals};
use crate::{session, shared};
use pgrx::IntoDatum;
use pgrx::prelude::*;
use std::time::{Duration, Instant};
use tenancy_core::mutant;

/// How often a session that is being ended is looked for.
const PAUSE: Duration = Duration::from_millis(50);

/// The text of the message, unless it also brought the session here and so may hold the key.
pub fn query() -> Answer {
    if backend::message_time() == session::arrived() { Answer::Null } else { Answer::Original }
}

/// Cancels the statement of a session of this tenant.
pub fn cancel(call: &Call) -> Answer {
    let pid = call.get::<i32>(0).unwrap_or(0);
    if is_ours(pid) {
        signals::cancel(pid);
        return boolean(true);
    }
    not_there(pid)
}

/// Ends a session of this tenant, and waits for that as long as is said.
pub fn terminate(call: &Call) -> Answer {
    let pid = call.get::<i32>(0).unwrap_or(0);
    let timeout = call.get::<i64>(1).unwrap_or(0);
    if timeout < 0 {
        // The original says what is wrong with it.
        return Answer::Original;
    }
    if !is_ours(pid) {
        return not_there(pid);
    }
    signals::terminate(pid);
    boolean(timeout == 0 || has_ended(pid, timeout))
}

fn is_ours(pid: i32) -> bool {
    mutant::disabled("function.signals")
        || session::current_id().is_some_and(|tenant| shared::is_in(pid, tenant))
}

fn has_ended(pid: i32, timeout: i64) -> bool {
    let deadline = Instant::now() + Duration::from_millis(timeout.unsigned_abs());
    while signals::is_backend(pid) {
        if Instant::now() >= deadline {
            let late =
                format!("backend with PID {pid} did not terminate within {timeout} milliseconds");
            ereport!(WARNING, PgSqlErrorCode::ERRCODE_WARNING, late);
            return false;
        }
        signals::sleep(PAUSE);
    }
    true
}

/// What PostgreSQL answers to a process id that is no backend's.
fn not_there(pid: i32) -> Answer {
    let text = format!("PID {pid} is not a PostgreSQL backend process");
    ereport!(WARNING, PgSqlErrorCode::ERRCODE_WARNING, text);
    boolean(false)
}

fn boolean(value: bool) -> Answer {
    value.into_datum().map_or(Answer::Null, Answer::Value)
}
