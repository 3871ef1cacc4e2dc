//! The alarm: what is done about each refusal besides the error that the client sees.

use super::position;
use crate::ffi::{report, roles};
use crate::shared;
use std::cell::RefCell;
use tenancy_core::alarm::{self, Throttle};
use tenancy_core::{Error, mutant};

thread_local! {
    static LINES: RefCell<Throttle> = RefCell::default();
}

/// Hears of every error that this extension raises. Never raises.
pub fn raised(error: &Error) {
    if alarm::is_refusal(error.code) {
        tell("refused", error);
    }
}

/// Tells of what would have been refused, had the guard been set to refuse. Never raises.
pub fn report(error: &Error) {
    tell("would refuse", error);
}

fn tell(verb: &str, error: &Error) {
    let minute = shared::minute();
    let Some(skipped) = LINES.with_borrow_mut(|lines| lines.admit(minute)) else { return };
    if mutant::disabled("alarm.log") {
        return;
    }
    let tenant = position::name_in_memory();
    let login = roles::login_name();
    report::log(&alarm::line(verb, error, tenant.as_deref(), &login, skipped));
}
