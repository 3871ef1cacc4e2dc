//! How much one session inside a tenant may take of what all share. Superusers only, so that a
//! database or a login may have its own and no tenant can change it.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};
use std::ffi::{CStr, CString};
use tenancy_core::ration::{RATIONS, Ration};

static MOST: [GucSetting<i32>; RATIONS.len()] = [
    GucSetting::<i32>::new(RATIONS[0].3),
    GucSetting::<i32>::new(RATIONS[1].3),
    GucSetting::<i32>::new(RATIONS[2].3),
];

/// Defines them. For _PG_init.
pub fn init() {
    for (ration, name, purpose, _) in RATIONS {
        GucRegistry::define_int_guc(
            constant(format!("tenancy.{name}")),
            constant(purpose.to_owned()),
            c"Inside a tenant; sessions outside are not counted.",
            &MOST[ration.index()],
            1,
            i32::MAX,
            GucContext::Suset,
            GucFlags::default(),
        );
    }
}

/// PostgreSQL keeps the pointer for the life of the process.
fn constant(text: String) -> &'static CStr {
    Box::leak(CString::new(text).unwrap_or_default().into_boxed_c_str())
}

/// How much a session may have.
pub fn ration(ration: Ration) -> usize {
    usize::try_from(MOST[ration.index()].get()).unwrap_or(usize::MAX)
}
