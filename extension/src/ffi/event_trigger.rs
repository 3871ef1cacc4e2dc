//! The C function behind the event triggers `tenancy_watch_ddl` and `tenancy_watch_drop`.

use pgrx::pg_sys::{self, Datum, FunctionCallInfo, NodeTag};
use pgrx::prelude::*;
use std::cell::Cell;
use std::ffi::CStr;
use std::sync::OnceLock;

thread_local! {
    static PAUSED: Cell<Paused> = const { Cell::new(Paused::Nothing) };
}

/// What is left to somebody else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Paused {
    Nothing,
    Settling,
    All,
}

/// Keeps the handler from its work until dropped.
pub struct Pause(Paused);

/// What runs meanwhile puts owner and grants right itself.
pub fn pause() -> Pause {
    more(Paused::Settling)
}

/// What runs meanwhile makes a schema that is nobody's yet, or removes one.
pub fn pause_all() -> Pause {
    more(Paused::All)
}

fn more(paused: Paused) -> Pause {
    Pause(PAUSED.replace(paused.max(PAUSED.get())))
}

impl Drop for Pause {
    fn drop(&mut self) {
        PAUSED.set(self.0);
    }
}

/// What to do when a DDL command has ended or, `by_drop`, has dropped something; `settling`: owner and
/// grants of what it made are to be put right.
type Handler = fn(by_drop: bool, settling: bool);

static HANDLER: OnceLock<Handler> = OnceLock::new();

/// Sets what to do. For _PG_init.
pub fn handle(handler: Handler) {
    let _ = HANDLER.set(handler);
}

const RECORD: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };

/// Says to PostgreSQL that `watch_ddl` has the calling convention of version 1.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_watch_ddl() -> &'static pg_sys::Pg_finfo_record {
    &RECORD
}

/// `tenancy.watch_ddl()`.
///
/// # Safety
/// Called by PostgreSQL's function manager only.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn watch_ddl(call: FunctionCallInfo) -> Datum {
    // SAFETY: the function manager hands over a valid call.
    let event = unsafe { event(call, c"watch_ddl") };
    if let (true, Some(handler)) = (PAUSED.get() != Paused::All, HANDLER.get()) {
        handler(event == c"sql_drop", PAUSED.get() == Paused::Nothing);
    }
    Datum::from(0)
}

/// The event that a function was called for; an error when there is none.
///
/// # Safety
/// The call must be valid.
unsafe fn event<'a>(call: FunctionCallInfo, function: &CStr) -> &'a CStr {
    // SAFETY: the context is null or a node.
    let fired = unsafe {
        let context = (*call).context;
        !context.is_null() && (*context).type_ == NodeTag::T_EventTriggerData
    };
    if !fired {
        let code = PgSqlErrorCode::ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED;
        let function = function.to_string_lossy();
        ereport!(ERROR, code, format!("{function}() was not called by the event trigger manager"));
    }
    // SAFETY: just checked; the node names its event.
    unsafe { CStr::from_ptr((*(*call).context.cast::<pg_sys::EventTriggerData>()).event) }
}
