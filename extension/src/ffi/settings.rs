//! PostgreSQL's settings: changing them in ways that no client's RESET or ROLLBACK undoes.

use super::{backend, pg_compat};
use pgrx::pg_sys::{self, GucAction, GucContext, GucSource};
use pgrx::prelude::*;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::sync::OnceLock;
use tenancy_core::mutant;
use tenancy_core::{Error, Result, SqlState};

/// The first level of settings below that of the transaction itself.
const LEVEL: i32 = 2;

type Record = *mut pg_sys::config_string;

type Shown = (&'static CStr, fn() -> Option<String>);

static SHOWN: OnceLock<Shown> = OnceLock::new();
static CHANGED: OnceLock<fn()> = OnceLock::new();

thread_local! {
    static FOUND: RefCell<Vec<(&'static CStr, Record)>> = const { RefCell::new(Vec::new()) };
}

/// The record of a setting, null when there is none. It stays where it is for the life of the
/// process, and version 15 searches hundreds of names for it: so each is looked up once.
fn record(name: &'static CStr) -> Record {
    let known = FOUND.with_borrow(|all| all.iter().find(|(n, _)| *n == name).map(|(_, r)| *r));
    known.unwrap_or_else(|| {
        let record = pg_compat::find_string_setting(name);
        FOUND.with_borrow_mut(|all| all.push((name, record)));
        record
    })
}

/// Has changes of a setting reported to clients, as `client_encoding` is. For _PG_init.
pub fn report_to_clients(name: &'static CStr) {
    let setting = record(name);
    if !setting.is_null() {
        // SAFETY: a record of PostgreSQL's own table, changed in the postmaster before any fork.
        unsafe { (*setting).gen_.flags |= pg_sys::GUC_REPORT as i32 };
    }
}

/// Has parallel workers show `value` for a setting that PostgreSQL does not copy to them because no
/// client may set it. For _PG_init.
pub fn show_in_workers(name: &'static CStr, value: fn() -> Option<String>) {
    let setting = record(name);
    if SHOWN.set((name, value)).is_ok() && !setting.is_null() {
        // SAFETY: a record of our own setting, changed in the postmaster before any fork.
        unsafe { (*setting).show_hook = Some(show) };
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn show() -> *const c_char {
    let Some((name, value)) = SHOWN.get() else { return c"".as_ptr() };
    // SAFETY: the record that this hook belongs to; a copy is made in the memory context of the
    // caller, who shows it at once.
    unsafe {
        if backend::is_parallel_worker() {
            let text = CString::new(value().unwrap_or_default()).unwrap_or_default();
            return pg_sys::pstrdup(text.as_ptr());
        }
        let text = *(*record(name)).variable;
        if text.is_null() { c"".as_ptr() } else { text }
    }
}

/// Has `changed` called whenever a setting of ours gets another value. It must not raise. For
/// _PG_init.
pub fn on_change(name: &'static CStr, changed: fn()) {
    let setting = record(name);
    if CHANGED.set(changed).is_ok() && !setting.is_null() {
        // SAFETY: a record of our own setting, changed in the postmaster before any fork.
        unsafe { (*setting).assign_hook = Some(assigned) };
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn assigned(_value: *const c_char, _extra: *mut std::ffi::c_void) {
    if let Some(changed) = CHANGED.get() {
        changed();
    }
}

/// Makes settings under this prefix that nobody defined an error. For _PG_init.
pub fn reserve_prefix(prefix: &CStr) {
    // SAFETY: the string is static.
    unsafe { pg_sys::MarkGUCPrefixReserved(prefix.as_ptr()) };
}

/// Whether the setting was changed in the running transaction, so that its end may change it back.
fn is_stacked(name: &'static CStr) -> bool {
    let setting = record(name);
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
pub fn original(name: &'static CStr) -> Original {
    let setting = record(name);
    if setting.is_null() {
        return Original::default();
    }
    // SAFETY: a record of PostgreSQL's own table.
    unsafe {
        let own = (*setting).gen_.source > GucSource::PGC_S_OVERRIDE;
        Original {
            default: copy((*setting).reset_val),
            session: own.then(|| copy(*(*setting).variable)),
        }
    }
}

/// A setting's text; empty for null.
fn copy(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: just checked; PostgreSQL ends the strings of settings with a NUL.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Makes the present value of a setting pass for ours instead of the session's: RESET ALL leaves
/// it alone, and `force` may replace it.
pub fn claim(name: &'static CStr) {
    let setting = record(name);
    if !setting.is_null() {
        // SAFETY: a record of PostgreSQL's own table. The source stays above PGC_S_DEFAULT where
        // it was, as the server's lists require.
        unsafe {
            let source = &mut (*setting).gen_.source;
            *source = (*source).min(GucSource::PGC_S_OVERRIDE);
        }
    }
}

/// Sets value and default of a setting at once, beyond transactions: neither RESET nor ROLLBACK
/// nor DISCARD ALL undoes it. 25001 when the running transaction has changed the setting already,
/// because then its rollback would.
pub fn force(name: &'static CStr, value: &str) -> Result<()> {
    require_unchanged(name)?;
    claim(name);
    set_beyond_transactions(name, value);
    Ok(())
}

/// The same whatever the running transaction did, for a caller that sees to what its end puts back.
pub(super) fn set_beyond_transactions(name: &CStr, value: &str) {
    set(name, value, GucSource::PGC_S_OVERRIDE, GucAction::GUC_ACTION_SET);
}

/// Puts back what `force` covered.
pub fn restore(name: &'static CStr, original: &Original) -> Result<()> {
    force(name, &original.default)?;
    if let Some(value) = &original.session {
        set(name, value, GucSource::PGC_S_SESSION, GucAction::GUC_ACTION_SET);
    }
    Ok(())
}

/// Opens a level of settings right below the transaction's own; `undo_level` takes back what was
/// set in it. 25001 inside a function with a SET clause, whose end would close the level.
pub fn open_level() -> Result<()> {
    // SAFETY: counts up; the end of the transaction closes every level that is left open.
    let level = unsafe { pg_sys::NewGUCNestLevel() };
    if level == LEVEL || mutant::disabled("lock.settings_level") {
        return Ok(());
    }
    // SAFETY: closes the level that was just opened.
    unsafe { pg_sys::AtEOXact_GUC(false, level) };
    Err(Error::new(SqlState::ActiveSqlTransaction, "the tenant cannot be entered here")
        .detail("A function with a SET clause is running.")
        .hint("Call the context functions as statements of their own."))
}

/// Takes back every change of a setting since `open_level`, SET and SET LOCAL alike.
pub fn undo_level() {
    // SAFETY: the level that `open_level` opened; it is the lowest one below the transaction's.
    unsafe { pg_sys::AtEOXact_GUC(false, LEVEL) };
}

/// Refuses with 25001 when the running transaction has changed the setting already, because its
/// end would change it once more.
pub fn require_unchanged(name: &'static CStr) -> Result<()> {
    if is_stacked(name) && !mutant::disabled("lock.unchanged") {
        Err(changed_before(name))
    } else {
        Ok(())
    }
}

/// Sets a setting as SET LOCAL does.
pub fn set_local(name: &'static CStr, value: &str) {
    set(name, value, GucSource::PGC_S_SESSION, GucAction::GUC_ACTION_LOCAL);
}

/// Sets a setting as a function's SET clause does: until the current level of settings ends.
pub fn set_until_level_ends(name: &'static CStr, value: &str) {
    set(name, value, GucSource::PGC_S_SESSION, GucAction::GUC_ACTION_SAVE);
}

fn set(name: &CStr, value: &str, source: GucSource::Type, action: GucAction::Type) {
    let value = CString::new(value).unwrap_or_default();
    let context = GucContext::PGC_INTERNAL;
    // SAFETY: both strings live through the call, which copies them.
    unsafe {
        let (name, value) = (name.as_ptr(), value.as_ptr());
        pg_sys::set_config_option(name, value, context, source, action, true, 0, false);
    }
}

fn changed_before(name: &CStr) -> Error {
    let name = name.to_string_lossy();
    Error::new(
        SqlState::ActiveSqlTransaction,
        format!("parameter {name:?} was changed in this transaction"),
    )
    .detail("The end of the transaction would change it again.")
    .hint("Enter the tenant before changing it, or in a transaction of its own.")
}
