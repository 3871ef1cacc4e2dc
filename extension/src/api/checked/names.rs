//! Texts that are about to become regclass or its like: what the tenant does not see has no name.

use crate::catalog;
use crate::ffi::report::{self, raise};
use crate::ffi::{Oid, named};
use crate::session;
use tenancy_core::builtin::{self, Absent, Qualifier};
use tenancy_core::catalog::class;

/// Raises what PostgreSQL raises for a name that does not exist, when the text names something
/// unseen.
pub fn check(of: u32, text: &str, look_up: &dyn Fn(&str) -> Option<Oid>) {
    let is_number = text.bytes().all(|letter| letter.is_ascii_digit());
    if is_number || !session::is_inside() {
        return;
    }
    match look_up(text) {
        None => {
            if let Some(absent) = absent(text) {
                report::renaming(|| look_up(&absent.text), |message| absent.restore(message));
            }
        }
        Some(found)
            if !catalog::sees(of, found) && matches!(of, class::AUTHID | class::NAMESPACE) =>
        {
            let unquoted = text.trim().trim_matches('"');
            raise(builtin::no_such(of, unquoted));
        }
        Some(_) => {}
    }
}

/// The text with schemas that are not there in place of those that the tenant does not see; `None`
/// when there are none of these.
pub fn absent(text: &str) -> Option<Absent> {
    let hidden = |found: &Qualifier| {
        let schema = named::find(class::NAMESPACE, &found.name);
        schema != Oid::INVALID && !catalog::sees(class::NAMESPACE, schema)
    };
    let hidden: Vec<_> = builtin::qualifiers(text).into_iter().filter(hidden).collect();
    (!hidden.is_empty()).then(|| Absent::new(text, &hidden))
}
