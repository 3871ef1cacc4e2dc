//! The ceilings of settings: in force from the first arrival in a tenant until the session is
//! outside again. Between tenants nothing changes, so a switch costs nothing here.
//!
//! Inside, each SET is cut down as it comes. RESET and the ends of transactions put back older
//! values without asking, so on arrival those are lowered too.

use crate::ffi::bounded_settings::{self, Original};
use crate::ffi::report;
use crate::settings;
use std::cell::{Cell, RefCell};
use tenancy_core::ceiling::{SETTINGS, Setting};
use tenancy_core::context::Place;
use tenancy_core::mutant;

thread_local! {
    static IN_FORCE: Cell<bool> = const { Cell::new(false) };
    static LOWERED: RefCell<Vec<Original>> = const { RefCell::new(Vec::new()) };
}

/// The highest value that a tenant may give a setting.
fn ceiling(setting: usize) -> f64 {
    settings::maximum(setting).unwrap_or_else(|| bounded_settings::configured(setting))
}

/// The value that a change is cut down to, if it is. Never raises.
pub fn bound(setting: usize, value: f64) -> Option<f64> {
    if !IN_FORCE.get() || mutant::disabled("ceiling.settings") {
        return None;
    }
    let ceiling = ceiling(setting);
    SETTINGS[setting].exceeds(value, ceiling).then_some(ceiling)
}

/// Puts the ceilings in force when the session comes from outside.
pub fn arrive(place: Place) {
    if IN_FORCE.replace(true) {
        return;
    }
    for (setting, rule) in SETTINGS.iter().enumerate() {
        let ceiling = ceiling(setting);
        if !mutant::disabled("ceiling.defaults")
            && rule.exceeds(bounded_settings::default(setting), ceiling)
        {
            let original = bounded_settings::lower_default(setting, ceiling);
            LOWERED.with_borrow_mut(|all| all.extend(original));
        }
        if !mutant::disabled("ceiling.values") {
            lower_value(setting, rule, ceiling, place);
        }
    }
}

fn lower_value(setting: usize, rule: &Setting, ceiling: f64, place: Place) {
    let exceeds = rule.exceeds(bounded_settings::value(setting), ceiling);
    // What the end of the transaction puts back is outside again where the context ends with it.
    if place == Place::Transaction {
        if exceeds {
            bounded_settings::set_for_transaction(setting, ceiling);
        }
        return;
    }
    if exceeds {
        bounded_settings::fall_to_default(setting);
    }
    bounded_settings::cut_down_saved(setting, ceiling);
}

/// Gives the session its own defaults back. It has been scrubbed, so its settings are at their
/// defaults.
pub fn leave() {
    for setting in lift() {
        bounded_settings::fall_to_default(setting);
    }
}

/// The same for a context that ends with its transaction, which itself puts the values back.
/// Never raises.
pub fn forget() {
    lift();
}

fn lift() -> Vec<usize> {
    IN_FORCE.set(false);
    LOWERED.take().into_iter().map(bounded_settings::raise_default).collect()
}

/// Tells the client that a SET did less than it said.
pub fn tell(setting: usize, ceiling: f64) {
    report::notice(SETTINGS[setting].cut_down(ceiling, bounded_settings::unit_name(setting)));
}
