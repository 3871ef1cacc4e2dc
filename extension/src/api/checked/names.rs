//! Texts that name objects: schemas that the tenant does not see are as if absent.

use crate::catalog;
use crate::ffi::{Oid, named};
use tenancy_core::builtin::{self, Absent, Qualifier};
use tenancy_core::catalog::class;

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
