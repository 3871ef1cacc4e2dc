//! The settings that a client has set at session level: setting them for it.

use pgrx::pg_sys::{self, GucAction, GucContext, GucSource};
use std::ffi::CString;
use tenancy_core::mutant;

/// Sets a setting as `set_config(name, value, false)` of the effective role does, whoever that is;
/// raises what that raises.
pub fn set(name: Vec<u8>, value: Vec<u8>) {
    let own = if mutant::disabled("lock.client_settings") {
        GucContext::PGC_SUSET
    } else {
        GucContext::PGC_USERSET
    };
    // The format of these settings has no NUL.
    let text = |bytes: Vec<u8>| CString::new(bytes).unwrap_or_default();
    let (name, value) = (text(name), text(value));
    // SAFETY: the strings live through the calls, which copy what they keep; inside a transaction.
    unsafe {
        for text in [&name, &value] {
            // What comes as text of a statement was looked at by PostgreSQL.
            let length = i32::try_from(text.as_bytes().len()).unwrap_or(i32::MAX);
            pg_sys::pg_verify_mbstr(pg_sys::GetDatabaseEncoding(), text.as_ptr(), length, false);
        }
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            own,
            GucSource::PGC_S_SESSION,
            GucAction::GUC_ACTION_SET,
            true,
            0,
            false,
        );
    }
}
