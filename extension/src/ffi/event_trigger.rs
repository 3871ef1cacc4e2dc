//! The C function behind the event trigger `tenancy_settle_ddl`.

use pgrx::pg_sys::{self, Datum, FunctionCallInfo, NodeTag};
use pgrx::prelude::*;
use std::cell::Cell;
use std::sync::OnceLock;

thread_local! {
    static PAUSED: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the handler from being called until dropped.
pub struct Pause(bool);

/// Pauses the handler: what runs meanwhile puts owner and grants right itself.
pub fn pause() -> Pause {
    Pause(PAUSED.replace(true))
}

impl Drop for Pause {
    fn drop(&mut self) {
        PAUSED.set(self.0);
    }
}

static HANDLER: OnceLock<fn()> = OnceLock::new();

/// Sets what to do when a DDL command has ended. For _PG_init.
pub fn handle(handler: fn()) {
    let _ = HANDLER.set(handler);
}

/// Says to PostgreSQL that `settle_ddl` has the calling convention of version 1.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_settle_ddl() -> &'static pg_sys::Pg_finfo_record {
    const RECORD: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &RECORD
}

/// `tenancy.settle_ddl()`.
///
/// # Safety
/// Called by PostgreSQL's function manager only.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn settle_ddl(call: FunctionCallInfo) -> Datum {
    // SAFETY: the function manager hands over a valid call; its context is null or a node.
    let fired = unsafe {
        let context = (*call).context;
        !context.is_null() && (*context).type_ == NodeTag::T_EventTriggerData
    };
    if !fired {
        ereport!(
            ERROR,
            PgSqlErrorCode::ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED,
            "settle_ddl() was not called by the event trigger manager"
        );
    }
    if let (false, Some(handler)) = (PAUSED.get(), HANDLER.get()) {
        handler();
    }
    Datum::from(0)
}
