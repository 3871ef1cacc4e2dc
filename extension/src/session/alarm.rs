//! The alarm: what is done about each refusal besides the error that the client sees. A counter in
//! shared memory, a line in the server's log, and an entry that a background worker writes into the
//! audit trail: none of them goes with the ROLLBACK of whoever was refused.

use super::position;
use crate::ffi::workers::{self, Task, Work};
use crate::ffi::{report, roles};
use crate::{shared, store};
use std::cell::RefCell;
use tenancy_core::alarm::{self, Throttle};
use tenancy_core::{Error, mutant};

thread_local! {
    static LINES: RefCell<Throttle> = RefCell::default();
}

/// Registers for refusals, and what the worker does. For _PG_init.
pub fn init() {
    report::observe(raised);
    let write = |last| report::or_raise(store::write_refusals(last));
    workers::handle(Work::Audit, Task { step: write, retire: shared::retire_writer });
}

/// Hears of every error that this extension raises. Never raises.
fn raised(error: &Error) {
    if !alarm::is_refusal(error.code) {
        return;
    }
    let (tenant, login) = (position::id_in_memory(), roles::login_name());
    if !mutant::disabled("alarm.count") {
        shared::count_refused(tenant);
    }
    if !mutant::disabled("alarm.audit") {
        shared::hand_over(tenant, error.code.code(), &login, &alarm::subject(error));
    }
    log("refused", error, &login);
}

/// Tells of what would have been refused, had the guard been set to refuse; `tenant` is whose
/// schema was touched, where the session is in none. Never raises.
pub fn report(error: &Error, tenant: i64) {
    if !mutant::disabled("alarm.report") {
        shared::count_reported(tenant);
    }
    log("would refuse", error, &roles::login_name());
}

fn log(verb: &str, error: &Error, login: &str) {
    let minute = shared::minute();
    let Some(skipped) = LINES.with_borrow_mut(|lines| lines.admit(minute)) else { return };
    if !mutant::disabled("alarm.log") {
        let tenant = position::name_in_memory();
        report::log(&alarm::line(verb, error, tenant.as_deref(), login, skipped));
    }
}
