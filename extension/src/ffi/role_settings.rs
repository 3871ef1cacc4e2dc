//! The built-in settings `role` and `session_authorization`: their check hooks ask first, and
//! after each assignment, resets and rollbacks included, the owner of the context is called back.

use super::{backend, pg_compat};
use pgrx::pg_sys::{GucSource, GucStringAssignHook, GucStringCheckHook};
use pgrx::prelude::*;
use std::ffi::{c_char, c_void};
use std::sync::OnceLock;

/// What to ask before and to tell after a change of one of the two settings.
pub struct Listener {
    /// May refuse, by raising, the change of the named setting.
    pub before: fn(&str),
    /// Hears that one of them was assigned. Must not raise: rollbacks assign too.
    pub after: fn(),
}

static LISTENER: OnceLock<Listener> = OnceLock::new();
static mut ROLE: (GucStringCheckHook, GucStringAssignHook) = (None, None);
static mut AUTHORIZATION: (GucStringCheckHook, GucStringAssignHook) = (None, None);

/// Wraps the hooks of both settings. For _PG_init.
pub fn install(listener: Listener) {
    let _ = LISTENER.set(listener);
    let role = pg_compat::find_string_setting(c"role");
    let authorization = pg_compat::find_string_setting(c"session_authorization");
    // SAFETY: records of PostgreSQL's own table, changed once, in the postmaster.
    unsafe {
        if let (Some(role), Some(authorization)) = (role.as_mut(), authorization.as_mut()) {
            ROLE = (role.check_hook, role.assign_hook);
            AUTHORIZATION = (authorization.check_hook, authorization.assign_hook);
            role.check_hook = Some(check_role);
            role.assign_hook = Some(assign_role);
            authorization.check_hook = Some(check_authorization);
            authorization.assign_hook = Some(assign_authorization);
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn ask(name: *const c_char) {
    // SAFETY: one of the two literals below.
    let name = unsafe { std::ffi::CStr::from_ptr(name) };
    if let (false, Some(listener)) = (backend::is_parallel_worker(), LISTENER.get()) {
        (listener.before)(name.to_str().unwrap_or_default());
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn tell() {
    if let (false, Some(listener)) = (backend::is_parallel_worker(), LISTENER.get()) {
        (listener.after)();
    }
}

// The four below are plain frames: PostgreSQL's own hooks may raise through them.

unsafe extern "C-unwind" fn check_role(
    value: *mut *mut c_char,
    extra: *mut *mut c_void,
    source: GucSource::Type,
) -> bool {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        ask(c"role".as_ptr());
        ROLE.0.is_none_or(|check| check(value, extra, source))
    }
}

unsafe extern "C-unwind" fn check_authorization(
    value: *mut *mut c_char,
    extra: *mut *mut c_void,
    source: GucSource::Type,
) -> bool {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        ask(c"session_authorization".as_ptr());
        AUTHORIZATION.0.is_none_or(|check| check(value, extra, source))
    }
}

unsafe extern "C-unwind" fn assign_role(value: *const c_char, extra: *mut c_void) {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        if let Some(assign) = ROLE.1 {
            assign(value, extra);
        }
        tell();
    }
}

unsafe extern "C-unwind" fn assign_authorization(value: *const c_char, extra: *mut c_void) {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        if let Some(assign) = AUTHORIZATION.1 {
            assign(value, extra);
        }
        tell();
    }
}
