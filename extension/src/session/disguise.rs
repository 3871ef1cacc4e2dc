//! Which schemas a tenant does not know of, when PostgreSQL is about to say that they are there.

use super::position;
use crate::ffi::error_context::{Place, Replacement};
use crate::ffi::{Oid, own_objects, roles};
use crate::settings;
use tenancy_core::disguise::{self, Disguise};
use tenancy_core::mutant;

/// What to say instead of "permission denied" for a schema; nothing when the tenant may know of it.
/// Never raises.
pub fn disguise_schema(schema: &[u8], place: Place<'_>) -> Option<Replacement> {
    if is_known(schema) || mutant::disabled("catalog.hidden_schema") {
        return None;
    }
    Some(match disguise::of_hidden_schema(schema, place) {
        Disguise::Schema => Replacement::MissingSchema,
        Disguise::Relation(name) => Replacement::MissingRelation(name),
    })
}

/// Whether a schema is there and shall look missing. Outside of a tenant none does, and inside our
/// own statements neither.
pub fn hides_schema(schema: &str) -> bool {
    !roles::in_own_work()
        && !is_known(schema.as_bytes())
        && !mutant::disabled("catalog.if_exists")
        && own_objects::schema(schema) != Oid::INVALID
}

fn is_known(schema: &[u8]) -> bool {
    let Some(tenant) = position::tenant() else { return true };
    disguise::is_system_schema(schema)
        || tenant.schema_name.as_bytes() == schema
        || settings::shared_schemas().iter().any(|shared| shared.as_bytes() == schema)
}
