//! The settings that a client has set at session level: setting them for it, and reading them.

use super::pg_compat;
use pgrx::pg_sys::config_type::{PGC_BOOL, PGC_ENUM, PGC_INT, PGC_REAL, PGC_STRING};
use pgrx::pg_sys::{self, GucAction, GucContext, GucSource, config_generic};
use std::ffi::{CStr, CString, c_char};
use tenancy_core::carried::Setting;
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

/// What the session has set by itself, whatever of it is a transaction's included, in the order of
/// the names. What code of a more privileged role has set is not the session's to set again.
pub fn of_session() -> Vec<Setting> {
    let mut all: Vec<_> = pg_compat::set_by_session()
        .filter_map(|record| {
            // SAFETY: a record of PostgreSQL's own table; its name ends with a NUL.
            unsafe {
                let own = (*record).scontext == GucContext::PGC_USERSET;
                let name = CStr::from_ptr((*record).name).to_bytes().to_vec();
                own.then(|| value(record).map(|value| Setting { name, value }))?
            }
        })
        .collect();
    all.sort_by_cached_key(|setting| setting.name.to_ascii_lowercase());
    all
}

/// The value as it can be set again, without loss and in the setting's own unit: as PostgreSQL hands
/// it to parallel workers. `None` for a string that is null.
///
/// # Safety
/// A record of PostgreSQL's own table.
unsafe fn value(record: *mut config_generic) -> Option<Vec<u8>> {
    // SAFETY: the caller's promise; each record is of the type that it says.
    unsafe {
        Some(match (*record).vartype {
            PGC_BOOL => {
                let on = *(*record.cast::<pg_sys::config_bool>()).variable;
                (if on { "on" } else { "off" }).as_bytes().to_vec()
            }
            PGC_INT => (*(*record.cast::<pg_sys::config_int>()).variable).to_string().into_bytes(),
            PGC_REAL => {
                (*(*record.cast::<pg_sys::config_real>()).variable).to_string().into_bytes()
            }
            PGC_STRING => bytes(*(*record.cast::<pg_sys::config_string>()).variable)?,
            PGC_ENUM => {
                let record = record.cast::<pg_sys::config_enum>();
                bytes(pg_sys::config_enum_lookup_by_value(record, *(*record).variable))?
            }
            _ => return None,
        })
    }
}

/// # Safety
/// A string that ends with a NUL, or null.
unsafe fn bytes(text: *const c_char) -> Option<Vec<u8>> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_bytes().to_vec())
}
