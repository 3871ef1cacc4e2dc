//! The C functions behind the event triggers `tenancy_settle_ddl` and `tenancy_spoil_spares`.

use pgrx::pg_sys::{self, Datum, FunctionCallInfo, NodeTag};
use pgrx::prelude::*;
use std::cell::Cell;
use std::ffi::CStr;
use std::sync::OnceLock;

thread_local! {
    static PAUSED: Cell<Paused> = const { Cell::new(Paused::Nothing) };
}

/// Which handlers are not called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Paused {
    Nothing,
    Settling,
    All,
}

/// Keeps handlers from being called until dropped.
pub struct Pause(Paused);

/// What runs meanwhile puts owner and grants right itself.
pub fn pause() -> Pause {
    Pause(PAUSED.replace(Paused::Settling))
}

/// What runs meanwhile makes a schema that nothing was made of yet.
pub fn pause_all() -> Pause {
    Pause(PAUSED.replace(Paused::All))
}

impl Drop for Pause {
    fn drop(&mut self) {
        PAUSED.set(self.0);
    }
}

/// What to do when a DDL command has ended.
#[derive(Clone, Copy)]
pub struct Handlers {
    /// Puts owner and grants right.
    pub settle: fn(),
    /// Marks what was made of a schema that has changed; whether something was dropped.
    pub spoil: fn(by_drop: bool),
}

static HANDLERS: OnceLock<Handlers> = OnceLock::new();

/// Sets what to do. For _PG_init.
pub fn handle(handlers: Handlers) {
    let _ = HANDLERS.set(handlers);
}

const RECORD: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };

/// Says to PostgreSQL that `settle_ddl` has the calling convention of version 1.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_settle_ddl() -> &'static pg_sys::Pg_finfo_record {
    &RECORD
}

/// Says to PostgreSQL that `spoil_spares` has the calling convention of version 1.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_spoil_spares() -> &'static pg_sys::Pg_finfo_record {
    &RECORD
}

/// `tenancy.settle_ddl()`.
///
/// # Safety
/// Called by PostgreSQL's function manager only.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn settle_ddl(call: FunctionCallInfo) -> Datum {
    // SAFETY: the function manager hands over a valid call.
    unsafe { event(call, c"settle_ddl") };
    if let (Paused::Nothing, Some(handlers)) = (PAUSED.get(), HANDLERS.get()) {
        (handlers.settle)();
    }
    Datum::from(0)
}

/// `tenancy.spoil_spares()`.
///
/// # Safety
/// Called by PostgreSQL's function manager only.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn spoil_spares(call: FunctionCallInfo) -> Datum {
    // SAFETY: as above.
    let event = unsafe { event(call, c"spoil_spares") };
    if let (true, Some(handlers)) = (PAUSED.get() != Paused::All, HANDLERS.get()) {
        (handlers.spoil)(event == c"sql_drop");
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
