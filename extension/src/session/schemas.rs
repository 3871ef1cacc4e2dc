//! Whose schema is it? Remembered for each schema that this backend came across, until schemas,
//! tenants or the setting of shared schemas change.

use super::cache;
use crate::ffi::{Oid, object_hook, relation_hook, relations, transaction};
use crate::{settings, store};
use std::cell::RefCell;
use std::collections::BTreeMap;
use tenancy_core::Result;
use tenancy_core::relations::Schema;

/// Bounds the memory of a backend that sees every schema of a large database.
const MAX_ENTRIES: usize = 4096;

thread_local! {
    static KINDS: RefCell<BTreeMap<u32, Schema>> = RefCell::default();
}

/// Forgets what schemas are, and everything that was decided by it.
pub fn forget() {
    KINDS.with_borrow_mut(BTreeMap::clear);
    decide_again();
}

/// Forgets what was decided, because the session has moved.
pub fn decide_again() {
    relation_hook::forget(None);
    object_hook::forget_functions();
}

/// What kind of schema it is. Never fails where the extension is not installed: there is no tenant.
pub fn kind(schema: Oid) -> Result<Schema> {
    if relations::is_own_temp(schema) {
        return Ok(Schema::OwnTemp);
    }
    if let Some(known) = KINDS.with_borrow(|kinds| kinds.get(&schema.to_u32()).copied()) {
        return Ok(known);
    }
    transaction::listen_to_schemas(forget, object_hook::forget_functions);
    if cache::refresh().is_err() {
        return Ok(Schema::Other);
    }
    let kind = look_up(schema)?;
    KINDS.with_borrow_mut(|kinds| {
        if kinds.len() >= MAX_ENTRIES {
            kinds.clear();
        }
        kinds.insert(schema.to_u32(), kind);
    });
    Ok(kind)
}

fn look_up(schema: Oid) -> Result<Schema> {
    let name = relations::schema_name(schema);
    if matches!(name.as_str(), "pg_catalog" | "pg_toast" | "information_schema") {
        return Ok(Schema::System);
    }
    if relations::is_temp(schema) {
        return Ok(Schema::OtherTemp);
    }
    // First of all a tenant's, even where somebody has put it among the shared ones.
    Ok(match store::tenant_of_schema(&name)? {
        Some(tenant) => Schema::Tenant(tenant),
        None if settings::shared_schemas().contains(&name) => Schema::Shared,
        None => Schema::Other,
    })
}
