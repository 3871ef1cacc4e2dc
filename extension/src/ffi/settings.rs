//! PostgreSQL's settings: changing them in ways that no client's RESET or ROLLBACK undoes.

use super::pg_compat;
use pgrx::pg_sys::{self, GucAction, GucContext, GucSource};
use std::ffi::{CStr, CString};
use tenancy_core::{Error, Result, SqlState};

/// Has changes of a setting reported to clients, as `client_encoding` is. For _PG_init.
pub fn report_to_clients(name: &CStr) {
    let setting = pg_compat::find_string_setting(name);
    if !setting.is_null() {
        // SAFETY: a record of PostgreSQL's own table, changed in the postmaster before any fork.
        unsafe { (*setting).gen_.flags |= pg_sys::GUC_REPORT as i32 };
    }
}

/// Whether the setting was changed in the running transaction, so that its end may change it back.
fn is_stacked(name: &CStr) -> bool {
    let setting = pg_compat::find_string_setting(name);
    // SAFETY: a record of PostgreSQL's own table.
    !setting.is_null() && unsafe { !(*setting).gen_.stack.is_null() }
}

/// What a setting was before we forced it: its default for RESET, and its value when the session
/// had set one.
#[derive(Clone, Debug, Default)]
pub struct Original {
    default: String,
    session: Option<String>,
}

/// Reads what `force` is about to cover.
pub fn original(name: &CStr) -> Original {
    let setting = pg_compat::find_string_setting(name);
    if setting.is_null() {
        return Original::default();
    }
    let text = |p: *const std::ffi::c_char| {
        // SAFETY: the strings of a setting are null or end with a NUL.
        if p.is_null() {
            String::new()
        } else {
            unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned()
        }
    };
    // SAFETY: a record of PostgreSQL's own table.
    unsafe {
        let own = (*setting).gen_.source > GucSource::PGC_S_OVERRIDE;
        Original {
            default: text((*setting).reset_val),
            session: own.then(|| text(*(*setting).variable)),
        }
    }
}

/// Sets value and default of a setting at once, beyond transactions: neither RESET nor ROLLBACK
/// nor DISCARD ALL undoes it. 25001 when the running transaction has changed the setting already,
/// because then its rollback would.
pub fn force(name: &CStr, value: &str) -> Result<()> {
    if is_stacked(name) {
        return Err(changed_before(name));
    }
    let setting = pg_compat::find_string_setting(name);
    if !setting.is_null() {
        // SAFETY: a record of PostgreSQL's own table. Lowering the source of the present value
        // lets ours replace it; it stays above PGC_S_DEFAULT, as the server's lists require.
        unsafe {
            let source = &mut (*setting).gen_.source;
            *source = (*source).min(GucSource::PGC_S_OVERRIDE);
        }
    }
    set(
        name,
        value,
        GucContext::PGC_INTERNAL,
        GucSource::PGC_S_OVERRIDE,
        GucAction::GUC_ACTION_SET,
    );
    Ok(())
}

/// Puts back what `force` covered.
pub fn restore(name: &CStr, original: &Original) -> Result<()> {
    force(name, &original.default)?;
    if let Some(value) = &original.session {
        set(
            name,
            value,
            GucContext::PGC_INTERNAL,
            GucSource::PGC_S_SESSION,
            GucAction::GUC_ACTION_SET,
        );
    }
    Ok(())
}

/// Sets a setting as SET LOCAL does.
pub fn set_local(name: &CStr, value: &str) {
    set(
        name,
        value,
        GucContext::PGC_INTERNAL,
        GucSource::PGC_S_SESSION,
        GucAction::GUC_ACTION_LOCAL,
    );
}

/// Sets a setting as a function's SET clause does: until the current level of settings ends.
pub fn set_until_level_ends(name: &str, value: &str) {
    let name = CString::new(name).unwrap_or_default();
    set(
        &name,
        value,
        GucContext::PGC_INTERNAL,
        GucSource::PGC_S_SESSION,
        GucAction::GUC_ACTION_SAVE,
    );
}

fn set(
    name: &CStr,
    value: &str,
    context: GucContext::Type,
    source: GucSource::Type,
    action: GucAction::Type,
) {
    let value = CString::new(value).unwrap_or_default();
    // SAFETY: both strings live through the call, which copies them.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            context,
            source,
            action,
            true,
            0,
            false,
        );
    }
}

fn changed_before(name: &CStr) -> Error {
    Error::new(
        SqlState::ActiveSqlTransaction,
        format!("parameter {name:?} was changed in this transaction"),
    )
    .detail("Its rollback would change the path of the tenant.")
    .hint("Enter the tenant before changing it, or in a transaction of its own.")
}

/// Makes settings under this prefix that nobody defined an error. For _PG_init.
pub fn reserve_prefix(prefix: &CStr) {
    // SAFETY: the string is static.
    unsafe { pg_sys::MarkGUCPrefixReserved(prefix.as_ptr()) };
}
