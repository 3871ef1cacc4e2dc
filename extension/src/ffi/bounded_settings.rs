//! PostgreSQL's own settings that are numbers or switches: their check hooks ask whether a value
//! has to be cut down, and defaults can be lowered for a while, beyond RESET and ROLLBACK.

use super::pg_compat;
use super::settings::{set_beyond_transactions, set_local};
use pgrx::pg_sys::{self, GucSource};
use pgrx::prelude::*;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_int, c_void};
use std::sync::OnceLock;
use tenancy_core::ceiling::{Kind, SETTINGS};

const COUNT: usize = SETTINGS.len();

/// What to ask about a change.
pub struct Listener {
    /// The value that this setting is cut down to, if it is. Must not raise.
    pub bound: fn(usize, f64) -> Option<f64>,
    /// Hears that a client's SET was cut down, and to what. May send a notice.
    pub cut_down: fn(usize, f64),
}

/// A default as it was.
#[derive(Clone, Copy, Debug)]
pub struct Original {
    setting: usize,
    default: f64,
    source: GucSource::Type,
}

#[derive(Clone, Copy)]
struct Record {
    name: &'static CStr,
    generic: *mut pg_sys::config_generic,
    integer: pg_sys::GucIntCheckHook,
    real: pg_sys::GucRealCheckHook,
    switch: pg_sys::GucBoolCheckHook,
}

static LISTENER: OnceLock<Listener> = OnceLock::new();
static mut RECORDS: [Option<Record>; COUNT] = [None; COUNT];

thread_local! {
    /// What an administrator configured, and where: postgresql.conf, the database or the role.
    static CONFIGURED: RefCell<[(GucSource::Type, f64); COUNT]> =
        const { RefCell::new([(0, 0.0); COUNT]) };
}

/// Wraps the check hooks of all settings in `SETTINGS` that this version has. For _PG_init.
pub fn install(listener: Listener) {
    let _ = LISTENER.set(listener);
    for setting in 0..COUNT {
        if let Some(record) = wrap(setting) {
            // SAFETY: written in the postmaster only, before any backend exists.
            unsafe { RECORDS[setting] = Some(record) };
            // SAFETY: a record that was just found.
            let source = unsafe { (*record.generic).reset_source };
            CONFIGURED.with_borrow_mut(|all| all[setting] = (source, default(setting)));
        }
    }
}

fn wrap(setting: usize) -> Option<Record> {
    let name = CString::new(SETTINGS[setting].name).ok()?.into_boxed_c_str();
    let name: &'static CStr = Box::leak(name);
    let generic = pg_compat::find_setting(name);
    let mut record = Record { name, generic, integer: None, real: None, switch: None };
    // SAFETY: a record of PostgreSQL's own table, of the type that its kind says, changed once, in
    // the postmaster.
    unsafe {
        match SETTINGS[setting].kind {
            _ if generic.is_null() => return None,
            Kind::Integer => {
                let own = generic.cast::<pg_sys::config_int>();
                record.integer = (*own).check_hook;
                (*own).check_hook = CHECK_INTEGER[setting];
            }
            Kind::Real => {
                let own = generic.cast::<pg_sys::config_real>();
                record.real = (*own).check_hook;
                (*own).check_hook = CHECK_REAL[setting];
            }
            Kind::Switch => {
                let own = generic.cast::<pg_sys::config_bool>();
                record.switch = (*own).check_hook;
                (*own).check_hook = CHECK_SWITCH[setting];
            }
        }
    }
    Some(record)
}

fn record(setting: usize) -> Option<&'static Record> {
    // SAFETY: written in the postmaster only, before any backend exists.
    unsafe { (&raw const RECORDS[setting]).as_ref()?.as_ref() }
}

/// The flag that says the unit of a setting; `None` when this version does not have the setting.
pub fn unit(setting: usize) -> Option<i32> {
    let name = CString::new(SETTINGS[setting].name).ok()?;
    // SAFETY: null or a record of PostgreSQL's own table.
    let found = unsafe { pg_compat::find_setting(&name).as_ref() };
    found.map(|record| record.flags & pg_sys::GUC_UNIT as i32)
}

/// The unit of a setting as SET takes it; empty when it has none.
pub fn unit_name(setting: usize) -> &'static str {
    match unit(setting).unwrap_or(0) as u32 {
        pg_sys::GUC_UNIT_KB => "kB",
        pg_sys::GUC_UNIT_BLOCKS => " blocks",
        pg_sys::GUC_UNIT_BYTE => "B",
        pg_sys::GUC_UNIT_MS => "ms",
        _ => "",
    }
}

/// What an administrator configured for the session's login.
pub fn configured(setting: usize) -> f64 {
    CONFIGURED.with_borrow(|all| all[setting].1)
}

/// What the setting is now.
pub fn value(setting: usize) -> f64 {
    // SAFETY: records of PostgreSQL's own table, each of the type that its kind says.
    record(setting).map_or(0.0, |r| unsafe {
        match SETTINGS[setting].kind {
            Kind::Integer => f64::from(*(*r.generic.cast::<pg_sys::config_int>()).variable),
            Kind::Real => *(*r.generic.cast::<pg_sys::config_real>()).variable,
            Kind::Switch => {
                f64::from(u8::from(*(*r.generic.cast::<pg_sys::config_bool>()).variable))
            }
        }
    })
}

/// What RESET makes of it.
pub fn default(setting: usize) -> f64 {
    // SAFETY: as in `value`.
    record(setting).map_or(0.0, |r| unsafe {
        match SETTINGS[setting].kind {
            Kind::Integer => f64::from((*r.generic.cast::<pg_sys::config_int>()).reset_val),
            Kind::Real => (*r.generic.cast::<pg_sys::config_real>()).reset_val,
            Kind::Switch => {
                f64::from(u8::from((*r.generic.cast::<pg_sys::config_bool>()).reset_val))
            }
        }
    })
}

fn set_default(setting: usize, value: f64, source: GucSource::Type) {
    let Some(record) = record(setting) else { return };
    // SAFETY: as in `value`. The source stays above PGC_S_DEFAULT where it was, as the server's
    // lists require; it is copied to the setting itself by RESET alone, which keeps them.
    unsafe {
        match SETTINGS[setting].kind {
            Kind::Integer => {
                (*record.generic.cast::<pg_sys::config_int>()).reset_val = value as c_int;
            }
            Kind::Real => (*record.generic.cast::<pg_sys::config_real>()).reset_val = value,
            Kind::Switch => {
                (*record.generic.cast::<pg_sys::config_bool>()).reset_val = value != 0.0;
            }
        }
        (*record.generic).reset_source = source;
    }
}

/// Lowers the default, beyond transactions; `raise_default` puts it back.
pub fn lower_default(setting: usize, to: f64) -> Option<Original> {
    // SAFETY: a record of PostgreSQL's own table.
    let source = record(setting).map(|r| unsafe { (*r.generic).reset_source })?;
    let original = Original { setting, default: default(setting), source };
    set_default(setting, to, GucSource::PGC_S_OVERRIDE);
    Some(original)
}

/// Puts back what `lower_default` changed, and says of which setting. Never raises.
pub fn raise_default(original: Original) -> usize {
    set_default(original.setting, original.default, original.source);
    original.setting
}

/// Sets the setting to its default, beyond transactions; it passes for nobody's own change then.
pub fn fall_to_default(setting: usize) {
    let Some(record) = record(setting) else { return };
    // SAFETY: a record of PostgreSQL's own table; see `set_default` about the source.
    unsafe {
        let source = &mut (*record.generic).source;
        *source = (*source).min(GucSource::PGC_S_OVERRIDE);
        let default_source = (*record.generic).reset_source;
        set_beyond_transactions(record.name, &SETTINGS[setting].spell(default(setting)));
        (*record.generic).reset_source = default_source;
    }
}

/// Cuts down what the end of the running transaction, or of a function, would put back.
pub fn cut_down_saved(setting: usize, ceiling: f64) {
    let Some(record) = record(setting) else { return };
    // SAFETY: a record of PostgreSQL's own table and its stack.
    unsafe {
        let mut entry = (*record.generic).stack;
        while !entry.is_null() {
            cut_down(setting, &mut (*entry).prior, ceiling);
            cut_down(setting, &mut (*entry).masked, ceiling);
            entry = (*entry).prev;
        }
    }
}

/// One saved value. An entry may not use both of its two, and the other may be made anything.
fn cut_down(setting: usize, saved: &mut pg_sys::config_var_value, ceiling: f64) {
    let rule = &SETTINGS[setting];
    // SAFETY: the member of the union that the kind says; a switch is read as the byte it is.
    unsafe {
        let switch = *(&raw const saved.val).cast::<u8>();
        match rule.kind {
            Kind::Integer if rule.exceeds(saved.val.intval.into(), ceiling) => {
                saved.val.intval = ceiling as c_int;
            }
            Kind::Real if rule.exceeds(saved.val.realval, ceiling) => saved.val.realval = ceiling,
            Kind::Switch if rule.exceeds(switch.min(1).into(), ceiling) => {
                saved.val.boolval = ceiling != 0.0;
            }
            _ => {}
        }
    }
}

/// Sets the setting as SET LOCAL does.
pub fn set_for_transaction(setting: usize, value: f64) {
    if let Some(record) = record(setting) {
        set_local(record.name, &SETTINGS[setting].spell(value));
    }
}

fn note_configured(setting: usize, value: f64, source: GucSource::Type) {
    // A reload of the files may take a value back; those of database and role come once.
    let file = GucSource::PGC_S_ARGV;
    if source <= GucSource::PGC_S_DATABASE_USER {
        CONFIGURED.with_borrow_mut(|all| {
            let (noted, _) = all[setting];
            if source >= noted || noted <= file {
                all[setting] = (source, value);
            }
        });
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn consider(setting: usize, value: f64, source: GucSource::Type) -> f64 {
    note_configured(setting, value, source);
    // What is only tested changes nothing: ALTER ROLE ... SET, CREATE FUNCTION ... SET.
    let tested = source == GucSource::PGC_S_TEST;
    let Some(listener) = LISTENER.get().filter(|_| !tested) else { return value };
    let Some(bound) = (listener.bound)(setting, value) else { return value };
    if source >= GucSource::PGC_S_INTERACTIVE {
        (listener.cut_down)(setting, bound);
    }
    bound
}

// The three below are plain frames: PostgreSQL's own hooks may raise through them.

unsafe extern "C-unwind" fn check_integer<const N: usize>(
    value: *mut c_int,
    extra: *mut *mut c_void,
    source: GucSource::Type,
) -> bool {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        *value = consider(N, f64::from(*value), source) as c_int;
        record(N).and_then(|r| r.integer).is_none_or(|check| check(value, extra, source))
    }
}

unsafe extern "C-unwind" fn check_real<const N: usize>(
    value: *mut f64,
    extra: *mut *mut c_void,
    source: GucSource::Type,
) -> bool {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        *value = consider(N, *value, source);
        record(N).and_then(|r| r.real).is_none_or(|check| check(value, extra, source))
    }
}

unsafe extern "C-unwind" fn check_switch<const N: usize>(
    value: *mut bool,
    extra: *mut *mut c_void,
    source: GucSource::Type,
) -> bool {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        *value = consider(N, f64::from(u8::from(*value)), source) != 0.0;
        record(N).and_then(|r| r.switch).is_none_or(|check| check(value, extra, source))
    }
}

/// PostgreSQL does not tell a check hook whose it is, so each setting has a function of its own.
macro_rules! one_per_setting {
    ($function:ident) => {
        one_per_setting!($function: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
            24 25 26 27 28 29 30 31)
    };
    ($function:ident: $($setting:literal)*) => { [$(Some($function::<$setting>)),*] };
}

static CHECK_INTEGER: [pg_sys::GucIntCheckHook; COUNT] = one_per_setting!(check_integer);
static CHECK_REAL: [pg_sys::GucRealCheckHook; COUNT] = one_per_setting!(check_real);
static CHECK_SWITCH: [pg_sys::GucBoolCheckHook; COUNT] = one_per_setting!(check_switch);
