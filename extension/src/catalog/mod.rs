//! The objects that a tenant sees in the catalogs: its own, those of the shared schemas, and what
//! is granted to every tenant. Listed per class, once in a backend and context, and listed again
//! when any object has changed.

mod listing;

use crate::ffi::{Oid, backend, functions, own_objects, roles};
use crate::session;
use crate::settings;
use listing::Listing;
use std::cell::RefCell;
use std::ffi::CString;
use tenancy_core::catalog::{FIRST_NORMAL_OID, class};
use tenancy_core::quote::identifier_list;

/// What a listing was made for.
#[derive(PartialEq, Eq)]
struct Occasion {
    tenant: i64,
    shared_schemas: CString,
    temp_schemas: [Oid; 2],
}

thread_local! {
    static LISTED: RefCell<Option<(Occasion, Listing)>> = const { RefCell::new(None) };
}

/// OIDs of the objects of a class that the tenant sees beyond PostgreSQL's own; 0 stands for all
/// the rare classes at once. Empty outside of a tenant.
pub fn own(class: u32) -> Vec<Oid> {
    let Some(tenant) = session::tenant() else { return Vec::new() };
    let occasion = Occasion {
        tenant: tenant.id,
        shared_schemas: settings::shared_schemas_as_set(),
        temp_schemas: own_objects::temp_schemas(),
    };
    if own_objects::have_changed() {
        LISTED.set(None);
    }
    let listed = LISTED.take().filter(|(was_for, _)| *was_for == occasion);
    let (occasion, mut listing) = listed.unwrap_or_else(|| {
        let schemas = visible_schemas(tenant.schema, &occasion);
        let listing = Listing::new(schemas, [tenant.role, tenant.owner]);
        (occasion, listing)
    });
    let objects = listing.objects(class);
    LISTED.set(Some((occasion, listing)));
    objects
}

/// Whether the current user has a role's rights, or the role is the one that owns the tenant's
/// objects.
pub fn has_role(role: Oid, privilege: &str) -> bool {
    session::tenant().is_some_and(|tenant| tenant.owner == role) || roles::has_role(role, privilege)
}

fn visible_schemas(own: Oid, occasion: &Occasion) -> Vec<Oid> {
    let shared = identifier_list(&occasion.shared_schemas.to_string_lossy());
    let shared = shared.iter().map(|name| own_objects::schema(name));
    let all = shared.chain([own]).chain(occasion.temp_schemas);
    all.filter(|schema| *schema != Oid::INVALID).collect()
}

/// Whether the tenant sees the object with this OID in the catalog of this class: PostgreSQL's own
/// and those that `own` lists, its login among the roles, of the databases the one it is in. What
/// does not exist is not seen.
pub fn sees(class: u32, object: Oid) -> bool {
    match class {
        class::DATABASE => object.to_u32() == backend::database(),
        _ if object.to_u32() < FIRST_NORMAL_OID => true,
        class::AUTHID if object == roles::session_user() => true,
        class::PROC if functions::is_of_the_extension(object) => true,
        _ => class != class::ANY_RARE && own(class).contains(&object),
    }
}
