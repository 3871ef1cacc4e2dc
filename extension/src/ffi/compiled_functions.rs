//! Functions that PL/pgSQL keeps compiled. It compiles a function once for a session, and keeps the
//! types and tables that unqualified names meant then. It tells a plugin of each call, which is how
//! we learn of the functions; one that bears the wrong version is compiled anew at its next call.
//!
//! There is one place for a plugin in a backend. What has put itself there before us goes on being
//! called; what takes the place later has to call us.

use super::pg_compat;
use pgrx::pg_sys::{self, Oid, PLpgSQL_execstate, PLpgSQL_function, PLpgSQL_plugin};
use std::cell::RefCell;
use std::collections::HashSet;

thread_local! {
    static CALLED: RefCell<HashSet<usize>> = RefCell::default();
}

static mut PLUGIN: Option<PLpgSQL_plugin> = None;
static mut PREVIOUS: *mut PLpgSQL_plugin = std::ptr::null_mut();

/// Takes the plugin's place, whether PL/pgSQL is loaded already or not. For _PG_init.
pub fn watch() {
    // SAFETY: runs once, in the postmaster; the place and the plugin in it live as long as the
    // process, and so does ours.
    unsafe {
        let place = pg_sys::find_rendezvous_variable(c"PLpgSQL_plugin".as_ptr());
        PREVIOUS = (*place).cast();
        let others = PREVIOUS.as_ref().copied().unwrap_or_default();
        let ours = &raw mut PLUGIN;
        *ours = Some(PLpgSQL_plugin { func_setup: Some(called), ..others });
        if let Some(plugin) = (*ours).as_mut() {
            *place = std::ptr::from_mut(plugin).cast();
        }
    }
}

/// Has every function compiled anew at its next call; one that is running stays as it is until then.
/// Never raises.
pub fn forget() {
    CALLED.with_borrow_mut(|called| {
        for function in called.drain() {
            // SAFETY: PL/pgSQL never gives back the structure of a function that has an OID, though
            // what it points to.
            unsafe { pg_compat::outdate(function as *mut PLpgSQL_function) };
        }
    });
}

// A plain frame: an error of the previous plugin may jump over it.
unsafe extern "C-unwind" fn called(state: *mut PLpgSQL_execstate, function: *mut PLpgSQL_function) {
    // SAFETY: PL/pgSQL hands over valid structures; the block of a DO has no OID, and its structure
    // goes with it.
    unsafe {
        if (*function).fn_oid != Oid::INVALID {
            note(function as usize);
        }
        if let Some(previous) = PREVIOUS.as_mut() {
            tell(previous);
            if let Some(setup) = previous.func_setup {
                setup(state, function);
            }
        }
    }
}

fn note(function: usize) {
    CALLED.with_borrow_mut(|called| called.insert(function));
}

/// Hands on what PL/pgSQL has told us for the use of plugins.
unsafe fn tell(previous: &mut PLpgSQL_plugin) {
    let ours = &raw const PLUGIN;
    // SAFETY: ours was set by `watch`, and is written by this thread alone.
    if let Some(told) = unsafe { (*ours).as_ref() } {
        previous.error_callback = told.error_callback;
        previous.assign_expr = told.assign_expr;
        previous.assign_value = told.assign_value;
        previous.eval_datum = told.eval_datum;
        previous.cast_value = told.cast_value;
    }
}
