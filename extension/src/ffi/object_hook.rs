//! object_access_hook: called back when a schema is named or searched, before a function runs,
//! however it is called (from a plan, by EXECUTE, CALL or COPY, or by a fast-path message that no
//! other hook sees), and when an object is made, altered, dropped or truncated. These are what no
//! check of a range table sees.

use super::backend;
use super::executor_hook::is_engaged;
use super::known::Known;
use pgrx::pg_sys::{self, Datum, ObjectAccessType, Oid};
use pgrx::prelude::*;
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

/// What is about to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// A statement names a schema.
    Named(Oid),
    /// A schema is in the search path that is being put together.
    Searched(Oid),
    /// A function that PostgreSQL did not bring along is called.
    Called(Oid),
    /// An object in a schema, or the schema, was made or altered, or is about to be dropped.
    Changed(Oid),
    /// A relation is about to be truncated.
    Truncated(Oid),
}

/// Who is called back.
#[derive(Clone, Copy)]
pub struct Listener {
    /// May refuse; what it returns decides whether a schema in the search path is seen, and is
    /// remembered of a function.
    pub touch: fn(Touch) -> bool,
    /// Before each run of a function; may refuse.
    pub runs: fn(Oid),
    /// After a relation, a type or a function (catalog and object) was made; may refuse.
    pub made: fn(Oid, Oid),
}

static LISTENER: OnceLock<Listener> = OnceLock::new();
static mut PREVIOUS: pg_sys::object_access_hook_type = None;

thread_local! {
    static CALLED: Known = const { Known::new() };
}

// Past pgrx's guard, which would cost as much as the look into a catalog: the frames between these
// and the hook hold nothing that an error could leak.
unsafe extern "C-unwind" {
    fn table_open(table: Oid, lock: c_int) -> pg_sys::Relation;
    fn table_close(table: pg_sys::Relation, lock: c_int);
    fn systable_beginscan(
        table: pg_sys::Relation,
        index: Oid,
        by_index: bool,
        snapshot: pg_sys::Snapshot,
        count: c_int,
        keys: pg_sys::ScanKey,
    ) -> pg_sys::SysScanDesc;
    fn systable_getnext(scan: pg_sys::SysScanDesc) -> pg_sys::HeapTuple;
    fn systable_endscan(scan: pg_sys::SysScanDesc);
    fn is_objectclass_supported(class: Oid) -> bool;
    fn get_object_attnum_namespace(class: Oid) -> pg_sys::AttrNumber;
    fn get_object_attnum_oid(class: Oid) -> pg_sys::AttrNumber;
    fn get_object_oid_index(class: Oid) -> Oid;
    fn get_rel_namespace(relation: Oid) -> Oid;
    fn RelationIdGetRelation(relation: Oid) -> pg_sys::Relation;
    fn RelationClose(relation: pg_sys::Relation);
    fn SearchSysCache1(cache: c_int, key: Datum) -> pg_sys::HeapTuple;
    fn ReleaseSysCache(tuple: pg_sys::HeapTuple);
}

/// Installs the hook. For _PG_init.
pub fn install(listener: Listener) {
    let _ = LISTENER.set(listener);
    // SAFETY: runs once, in the postmaster, before any backend exists.
    unsafe {
        PREVIOUS = pg_sys::object_access_hook;
        pg_sys::object_access_hook = Some(trampoline);
    }
}

/// Forgets which functions were found in order.
pub fn forget_functions() {
    CALLED.with(Known::forget_all);
}

/// Functions below this number are PostgreSQL's own.
fn is_known_function(function: Oid) -> bool {
    function.to_u32() < pg_sys::FirstNormalObjectId
        || CALLED.with(|known| known.privileges(function).is_some())
}

fn tell(touch: Touch) -> bool {
    LISTENER.get().is_none_or(|listener| (listener.touch)(touch))
}

#[pg_guard]
unsafe extern "C-unwind" fn called(function: Oid) {
    if !is_known_function(function) && tell(Touch::Called(function)) {
        CALLED.with(|known| known.remember(function, 0));
    }
    if let Some(listener) = LISTENER.get() {
        (listener.runs)(function);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn searched(schema: Oid, argument: *mut c_void) {
    // SAFETY: PostgreSQL's own argument for this event.
    let Some(search) = (unsafe { argument.cast::<pg_sys::ObjectAccessNamespaceSearch>().as_mut() })
    else {
        return;
    };
    if search.ereport_on_violation {
        tell(Touch::Named(schema));
    } else if search.result {
        search.result = tell(Touch::Searched(schema));
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn changed(access: ObjectAccessType::Type, class: Oid, object: Oid) {
    use ObjectAccessType::{OAT_DROP, OAT_POST_CREATE};
    // SAFETY: inside a transaction; PostgreSQL names the catalog and the object.
    let schema = unsafe {
        let cached = match (access, class) {
            // What is still there is in the catalog caches.
            (OAT_DROP, pg_sys::RelationRelationId) => get_rel_namespace(object),
            (OAT_DROP, pg_sys::TypeRelationId) => schema_of_type(object),
            (OAT_POST_CREATE, pg_sys::RelationRelationId) => schema_of_new_relation(object),
            _ => Oid::INVALID,
        };
        match (access, class) {
            // Whether one may be made is decided by the right to CREATE in the database.
            (OAT_POST_CREATE, pg_sys::NamespaceRelationId) => None,
            (_, pg_sys::NamespaceRelationId) => Some(object),
            _ if cached != Oid::INVALID => Some(cached),
            _ => schema_of(class, object),
        }
    };
    if let Some(schema) = schema {
        tell(Touch::Changed(schema));
    }
    let counted = [pg_sys::RelationRelationId, pg_sys::TypeRelationId, pg_sys::ProcedureRelationId];
    if access == OAT_POST_CREATE
        && is_engaged()
        && counted.contains(&class)
        && let Some(listener) = LISTENER.get()
    {
        (listener.made)(class, object);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn truncated(relation: Oid) {
    tell(Touch::Truncated(relation));
}

/// The schema of a type that an earlier command left; invalid for one that the cache does not see.
///
/// # Safety
/// Inside a transaction.
unsafe fn schema_of_type(object: Oid) -> Oid {
    // SAFETY: the tuple is released after its last use.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::TYPEOID as c_int;
        let tuple = SearchSysCache1(cache, Datum::from(object));
        if tuple.is_null() {
            return Oid::INVALID;
        }
        let row = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_type>();
        let schema = (*row).typnamespace;
        ReleaseSysCache(tuple);
        schema
    }
}

/// The schema of a relation that has just been made, whose row was written from what the relation
/// cache has of it; invalid for one that is not in there.
///
/// # Safety
/// Inside a transaction.
unsafe fn schema_of_new_relation(object: Oid) -> Oid {
    // SAFETY: closed after its last use.
    unsafe {
        let relation = RelationIdGetRelation(object);
        if relation.is_null() {
            return Oid::INVALID;
        }
        let schema = (*(*relation).rd_rel).relnamespace;
        RelationClose(relation);
        schema
    }
}

/// The schema of any object, as the running command left it; `None` for what lies in no schema.
///
/// # Safety
/// `class` must be a catalog.
unsafe fn schema_of(class: Oid, object: Oid) -> Option<Oid> {
    // SAFETY: opened, scanned and closed in here; an error aborts the transaction, whose resource
    // owner closes both.
    unsafe {
        if !is_objectclass_supported(class) {
            return None;
        }
        let column = get_object_attnum_namespace(class);
        let index = get_object_oid_index(class);
        if column <= 0 || index == Oid::INVALID {
            return None;
        }
        let lock = pg_sys::AccessShareLock as i32;
        let mut key = pg_sys::ScanKeyData::default();
        pg_sys::ScanKeyInit(
            &mut key,
            get_object_attnum_oid(class),
            pg_sys::BTEqualStrategyNumber as u16,
            pg_sys::F_OIDEQ.into(),
            Datum::from(object),
        );
        let catalog = table_open(class, lock);
        let snapshot = &raw mut pg_sys::SnapshotSelfData;
        let scan = systable_beginscan(catalog, index, true, snapshot, 1, &mut key);
        let tuple = systable_getnext(scan);
        let schema = (!tuple.is_null()).then(|| {
            let mut null = false;
            let schema =
                pg_sys::heap_getattr(tuple, i32::from(column), (*catalog).rd_att, &mut null);
            Oid::from_datum(schema, null).unwrap_or(Oid::INVALID)
        });
        systable_endscan(scan);
        table_close(catalog, lock);
        schema.filter(|schema| *schema != Oid::INVALID)
    }
}

/// # Safety
/// The arguments must be those that PostgreSQL hands to the hook.
unsafe fn dispatch(
    access: ObjectAccessType::Type,
    class: Oid,
    object: Oid,
    sub: c_int,
    argument: *mut c_void,
) {
    use ObjectAccessType as A;
    // SAFETY: the caller's promise.
    unsafe {
        match access {
            A::OAT_FUNCTION_EXECUTE => called(object),
            A::OAT_NAMESPACE_SEARCH => searched(object, argument),
            A::OAT_TRUNCATE => truncated(object),
            A::OAT_POST_CREATE | A::OAT_POST_ALTER | A::OAT_DROP if sub == 0 => {
                changed(access, class, object)
            }
            _ => {}
        }
    }
}

// A plain frame: an error may jump over it.
unsafe extern "C-unwind" fn trampoline(
    access: ObjectAccessType::Type,
    class: Oid,
    object: Oid,
    sub: c_int,
    argument: *mut c_void,
) {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        // A truncation counts outside of tenants too.
        let everywhere = access == ObjectAccessType::OAT_TRUNCATE;
        if everywhere || is_engaged() || backend::is_parallel_worker() {
            dispatch(access, class, object, sub, argument);
        }
        if let Some(previous) = PREVIOUS {
            previous(access, class, object, sub, argument);
        }
    }
}
