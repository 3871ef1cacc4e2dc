//! What this backend remembers of the registry. Thrown away as a whole when the epoch moves or a
//! relcache invalidation says that the registry changed (the way that reaches standbys).

use super::schemas;
use crate::ffi::Oid;
use crate::ffi::{catalog, relation_hook, roles, transaction};
use crate::store::{self, Tenant};
use crate::{settings, shared};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::CString;
use std::rc::Rc;
use tenancy_core::Result;

/// Bounds the memory of a backend that serves every tenant of a large fleet.
const MAX_ENTRIES: usize = 4096;

#[derive(Default)]
struct Cache {
    epoch: u64,
    /// The setting that every cached path was made from.
    shared_schemas: CString,
    names: HashMap<String, i64>,
    tenants: HashMap<i64, Rc<Tenant>>,
    grants: HashMap<(u32, i64), Option<bool>>,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
    static STALE: Cell<bool> = const { Cell::new(true) };
    static WATCHED: Cell<[Oid; 3]> = const { Cell::new([Oid::INVALID; 3]) };
}

/// Whether an invalidation arrived since the cache was last used.
#[inline]
pub fn is_stale() -> bool {
    STALE.get()
}

fn invalidated(relation: Oid) {
    relation_hook::forget(Some(relation));
    if relation == Oid::INVALID || WATCHED.get().contains(&relation) {
        STALE.set(true);
        schemas::forget();
    }
}

/// Empties the cache when it may be out of date, and looks the registry's tables up again. Must
/// come before the registry is read.
pub fn refresh() -> Result<()> {
    let epoch = shared::epoch();
    if STALE.get() {
        transaction::listen_to_invalidations(invalidated);
        WATCHED.set([
            catalog::relation(c"tenant")?,
            catalog::relation(c"login")?,
            catalog::relation(c"registry")?,
        ]);
    }
    let shared_schemas = settings::shared_schemas_as_set();
    let outdated = STALE.replace(false)
        || CACHE.with_borrow(|c| c.epoch != epoch || c.shared_schemas != shared_schemas);
    CACHE.with_borrow_mut(|c| {
        if outdated || c.tenants.len() >= MAX_ENTRIES || c.grants.len() >= MAX_ENTRIES {
            *c = Cache { epoch, shared_schemas, ..Cache::default() };
        }
    });
    Ok(())
}

/// A tenant by name; `None` when there is none that is not dropped.
pub fn tenant(name: &str) -> Result<Option<Rc<Tenant>>> {
    refresh()?;
    match CACHE.with_borrow(|c| c.names.get(name).copied()) {
        Some(id) => tenant_by_id(id),
        None => Ok(store::tenant_by_name(name)?.map(remember)),
    }
}

/// A tenant by id; `None` when there is none that is not dropped.
pub fn tenant_by_id(id: i64) -> Result<Option<Rc<Tenant>>> {
    refresh()?;
    match CACHE.with_borrow(|c| c.tenants.get(&id).cloned()) {
        Some(hit) => Ok(Some(hit)),
        None => Ok(store::tenant_by_id(id)?.map(remember)),
    }
}

fn remember(tenant: Tenant) -> Rc<Tenant> {
    let tenant = Rc::new(tenant);
    CACHE.with_borrow_mut(|c| {
        c.names.insert(tenant.name.clone(), tenant.id);
        c.tenants.insert(tenant.id, tenant.clone());
    });
    tenant
}

/// The grant of a login for a tenant: whether its contexts must be sealed, `None` without one.
pub fn grant(login: Oid, tenant: i64) -> Result<Option<bool>> {
    refresh()?;
    let key = (login.to_u32(), tenant);
    if let Some(hit) = CACHE.with_borrow(|c| c.grants.get(&key).copied()) {
        return Ok(hit);
    }
    let found = store::login_grant(&roles::name(login), tenant)?;
    CACHE.with_borrow_mut(|c| c.grants.insert(key, found));
    Ok(found)
}
