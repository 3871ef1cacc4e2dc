//! The functions of advisory locks, taken apart by their names: `pg_[try_]advisory_[xact_]lock`
//! and `pg_advisory_unlock`, each with `_shared`, and `pg_advisory_unlock_all`.

use crate::ffi::advisory::Mode;
use crate::ffi::builtin_call::{Answer, Call};
use crate::session::{self, LockRequest};
use pgrx::IntoDatum;
use pgrx::pg_sys::Datum;
use tenancy_core::Result;

/// Runs one of them.
pub fn answer(call: &Call) -> Result<Answer> {
    let name = call.name();
    let mode = if name.ends_with("_shared") { Mode::Shared } else { Mode::Exclusive };
    if name == "pg_advisory_unlock_all" {
        session::unlock_all();
        return Ok(nothing());
    }
    if name.starts_with("pg_advisory_unlock") {
        return Ok(boolean(session::unlock(key(call), mode)));
    }
    let tries = name.starts_with("pg_try_");
    let for_session = !name.contains("_xact_");
    let taken = session::lock(LockRequest { key: key(call), mode, for_session, wait: !tries })?;
    Ok(if tries { boolean(taken) } else { nothing() })
}

/// As lockfuncs.c makes it.
fn key(call: &Call) -> (u32, u32, u16) {
    if call.count() == 2 {
        let half = |at| call.get::<i32>(at).unwrap_or(0).cast_unsigned();
        return (half(0), half(1), 2);
    }
    let key = call.get::<i64>(0).unwrap_or(0).cast_unsigned();
    ((key >> 32) as u32, key as u32, 1)
}

fn boolean(value: bool) -> Answer {
    value.into_datum().map_or(Answer::Null, Answer::Value)
}

/// What a function that returns void returns.
fn nothing() -> Answer {
    Answer::Value(Datum::from(0))
}
