//! The C function behind the registry's statement triggers.

use pgrx::pg_sys::{self, Datum, FunctionCallInfo, NodeTag};
use pgrx::prelude::*;
use std::sync::OnceLock;

static HANDLER: OnceLock<fn()> = OnceLock::new();

/// Sets what to do when the registry was changed. For _PG_init.
pub fn handle(handler: fn()) {
    let _ = HANDLER.set(handler);
}

/// Says to PostgreSQL that `registry_changed` has the calling convention of version 1.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_registry_changed() -> &'static pg_sys::Pg_finfo_record {
    const RECORD: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &RECORD
}

/// `tenancy.registry_changed()`.
///
/// # Safety
/// Called by PostgreSQL's function manager only.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn registry_changed(call: FunctionCallInfo) -> Datum {
    // SAFETY: the function manager hands over a valid call; its context is null or a node.
    let fired = unsafe {
        let context = (*call).context;
        !context.is_null() && (*context).type_ == NodeTag::T_TriggerData
    };
    if !fired {
        ereport!(
            ERROR,
            PgSqlErrorCode::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
            "registry_changed() was not called by the trigger manager"
        );
    }
    if let Some(handler) = HANDLER.get() {
        handler();
    }
    Datum::from(0)
}
