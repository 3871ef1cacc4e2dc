//! `tenancy.max_...`: how high a tenant may set PostgreSQL's own settings, one for each that has a
//! ceiling, with its unit. Not set, the login's own default is the ceiling. Superusers only, so
//! that a database or a login may have its own and no tenant can change it.

use crate::ffi::bounded_settings;
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};
use std::ffi::{CStr, CString};
use tenancy_core::ceiling::{Kind, NO_MAXIMUM, SETTINGS, Setting};

static INTEGERS: [GucSetting<i32>; SETTINGS.len()] =
    [const { GucSetting::<i32>::new(NO_MAXIMUM) }; SETTINGS.len()];

static REALS: [GucSetting<f64>; SETTINGS.len()] =
    [const { GucSetting::<f64>::new(NO_MAXIMUM as f64) }; SETTINGS.len()];

/// Defines one for each setting that this version of PostgreSQL has. For _PG_init.
pub fn init() {
    for (index, setting) in SETTINGS.iter().enumerate().filter(|(_, s)| s.has_maximum()) {
        if let Some(unit) = bounded_settings::unit(index) {
            define(index, setting, GucFlags::from_bits_retain(unit));
        }
    }
}

fn define(index: usize, setting: &Setting, unit: GucFlags) {
    let name = constant(format!("tenancy.max_{}", setting.name));
    let short = constant(format!("Highest value of {} inside a tenant.", setting.name));
    let long = c"-2 (the default): no higher than the login's own default.";
    let context = GucContext::Suset;
    if setting.kind == Kind::Real {
        let (unset, most) = (f64::from(NO_MAXIMUM), f64::MAX);
        GucRegistry::define_float_guc(name, short, long, &REALS[index], unset, most, context, unit);
    } else {
        let (unset, most, all) = (NO_MAXIMUM, i32::MAX, &INTEGERS);
        GucRegistry::define_int_guc(name, short, long, &all[index], unset, most, context, unit);
    }
}

/// PostgreSQL keeps the pointer for the life of the process.
fn constant(text: String) -> &'static CStr {
    Box::leak(CString::new(text).unwrap_or_default().into_boxed_c_str())
}

/// How high a tenant may set it, when an administrator has said so.
pub fn maximum(setting: usize) -> Option<f64> {
    let maximum = match SETTINGS[setting].kind {
        Kind::Integer => f64::from(INTEGERS[setting].get()),
        Kind::Real => REALS[setting].get(),
        Kind::Switch => return None,
    };
    (maximum != f64::from(NO_MAXIMUM)).then_some(maximum)
}
