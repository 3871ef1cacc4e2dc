//! Arguments that name objects: what a tenant does not see is answered as if it did not exist.

use super::ABSENT;
use crate::catalog;
use crate::ffi::builtin_call::{Answer, Call};
use crate::ffi::report::{self, raise};
use crate::ffi::{Oid, named};
use pgrx::IntoDatum;
use pgrx::pg_sys::Datum;
use tenancy_core::builtin::{self, Names, Side};
use tenancy_core::catalog::class;

/// The types of arguments that are texts and names.
const TEXTS: [u32; 2] = [25, 19];

/// Hides what the arguments name and the tenant does not see.
pub fn check(call: &mut Call, names: &[Names], side: Side) -> Answer {
    let count = call.count();
    let skipped = match side {
        Side::Left => 0,
        Side::Right => names.len().saturating_sub(count),
    };
    let mut qualified = None;
    for (at, name) in names.iter().skip(skipped).take(count).enumerate() {
        if let Some(class) = class_of(call, *name, at)
            && by_text(call, at)
        {
            qualified = check_text(call, class, at).then_some(at).or(qualified);
        } else if let Some(class) = class_of(call, *name, at) {
            hide_number(call, class, at);
        }
    }
    qualified.map_or(Answer::Original, |at| by_name(call, at))
}

fn by_text(call: &Call, at: usize) -> bool {
    TEXTS.contains(&call.type_of(at))
}

fn class_of(call: &Call, name: Names, at: usize) -> Option<u32> {
    match name {
        Names::Plain | Names::Catalog => None,
        Names::Of(class) => Some(class),
        Names::Number(class) => call.is_number(at).then_some(class),
        Names::InCatalog => call.get::<Oid>(at - 1).map(|class| class.to_u32()),
    }
}

fn hide_number(call: &mut Call, class: u32, at: usize) {
    if call.is_number(at)
        && let Some(object) = call.get::<Oid>(at)
        && !catalog::sees(class, object)
    {
        call.set(at, Datum::from(ABSENT));
    }
}

/// Refuses a name of something unseen outside of schemas; true when it may have a schema.
fn check_text(call: &Call, class: u32, at: usize) -> bool {
    if matches!(class, class::CLASS | class::PROC | class::TYPE) {
        return true;
    }
    let Some(name) = call.text(at) else { return false };
    let object = named::find(class, &name);
    if object != Oid::INVALID && !catalog::sees(class, object) {
        raise(builtin::no_such(class, &name));
    }
    false
}

/// A schema that may not be used is one that does not exist.
fn by_name(call: &mut Call, at: usize) -> Answer {
    if let Some(result) = call.run_unless_denied() {
        return result.map_or(Answer::Null, Answer::Value);
    }
    let Some(absent) = super::names::absent(&call.text(at).unwrap_or_default()) else {
        // Denied for another reason: the original says so itself.
        return Answer::Original;
    };
    call.set(at, absent.text.as_str().into_datum().unwrap_or(Datum::from(0)));
    let result = report::renaming(|| call.run(), |message| absent.restore(message));
    result.map_or(Answer::Null, Answer::Value)
}
