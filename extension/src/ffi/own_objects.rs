//! Which objects belong to what, read from PostgreSQL's catalogs by their indexes with a fresh
//! snapshot. Knows the shape of the catalogs and no rule about who may see what.

use pgrx::pg_sys::{self, Datum, Oid, SysCacheIdentifier as Cache};
use pgrx::prelude::*;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_int};
use tenancy_core::catalog::class;

const LOCK: i32 = pg_sys::AccessShareLock as i32;

// Indexes of catalogs and catalogs that the bindings do not name; the same in all versions.
const DEPEND: u32 = 2608;
const DEPEND_REFERENCE_INDEX: u32 = 2674;
const SHARED_DEPEND: u32 = 1214;
const SHARED_DEPEND_REFERENCE_INDEX: u32 = 1233;

/// The catalog's object, as dependencies name it: its class and OID.
pub type Object = (u32, Oid);

/// What else belongs to a relation.
pub struct Relation {
    /// pg_class.relkind
    pub kind: u8,
    /// Its row type.
    pub row_type: Oid,
    /// Its TOAST table.
    pub toast: Oid,
    /// Its tablespace, invalid for the database's.
    pub tablespace: Oid,
}

/// Catalogs whose rows belong to a relation or type each: class, index, and the column it is on.
pub struct Attachment {
    class: u32,
    index: u32,
    column: &'static CStr,
}

/// Indexes of a relation.
pub const INDEXES: Attachment = Attachment { class: 2610, index: 2678, column: c"indrelid" };
/// Constraints of a relation.
pub const CONSTRAINTS: Attachment =
    Attachment { class: class::CONSTRAINT, index: 2665, column: c"conrelid" };
/// Constraints of a domain.
pub const DOMAIN_CONSTRAINTS: Attachment =
    Attachment { class: class::CONSTRAINT, index: 2666, column: c"contypid" };
/// Triggers of a relation.
pub const TRIGGERS: Attachment =
    Attachment { class: class::TRIGGER, index: 2701, column: c"tgrelid" };
/// Rules of a relation, a view's query among them.
pub const RULES: Attachment =
    Attachment { class: class::REWRITE, index: 2693, column: c"ev_class" };
/// Policies of a relation.
pub const POLICIES: Attachment =
    Attachment { class: class::POLICY, index: 3258, column: c"polrelid" };
/// Defaults of a relation's columns.
pub const DEFAULTS: Attachment =
    Attachment { class: class::ATTRDEF, index: 2656, column: c"adrelid" };

thread_local! {
    static CHANGED: Cell<bool> = const { Cell::new(true) };
    static LISTENING: Cell<bool> = const { Cell::new(false) };
}

/// Whether any object may have changed since the last call.
pub fn have_changed() -> bool {
    if !LISTENING.replace(true) {
        listen();
    }
    CHANGED.replace(false)
}

/// Registers for the invalidations of every cache that a change of an object goes through. Once in
/// a backend's life: the list is the backend's own.
fn listen() {
    let caches = [
        Cache::NAMESPACEOID,
        Cache::RELOID,
        Cache::TYPEOID,
        Cache::PROCOID,
        Cache::CONSTROID,
        Cache::OPEROID,
        Cache::OPFAMILYOID,
        Cache::CLAOID,
        Cache::COLLOID,
        Cache::CONVOID,
        Cache::TSCONFIGOID,
        Cache::TSDICTOID,
        Cache::TSPARSEROID,
        Cache::TSTEMPLATEOID,
        Cache::STATEXTOID,
        Cache::CASTSOURCETARGET,
        Cache::LANGOID,
        Cache::FOREIGNSERVEROID,
        Cache::FOREIGNDATAWRAPPEROID,
        Cache::AMOID,
        Cache::TRFOID,
        Cache::AUTHOID,
    ];
    // SAFETY: the callbacks live as long as the library.
    unsafe {
        for cache in caches {
            pg_sys::CacheRegisterSyscacheCallback(cache as c_int, Some(on_change), Datum::from(0));
        }
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relation), Datum::from(0));
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_change(_argument: Datum, _cache: c_int, _hash: u32) {
    CHANGED.set(true);
}

#[pg_guard]
unsafe extern "C-unwind" fn on_relation(_argument: Datum, _relation: Oid) {
    CHANGED.set(true);
}

/// What depends on an object: what is in a schema, or in an extension.
pub fn dependents(on: Object) -> Vec<Object> {
    let keys = [(c"refclassid", on.0.into()), (c"refobjid", on.1)];
    let mut found = Vec::new();
    // SAFETY: classid and objid are the first columns of pg_depend.
    scan(DEPEND, DEPEND_REFERENCE_INDEX, &keys, |row| unsafe {
        let [class, object] = *row.cast::<[u32; 2]>();
        found.push((class, object.into()));
    });
    found
}

/// A row of pg_shdepend.
#[repr(C)]
struct SharedDependency {
    database: Oid,
    class: u32,
    object: Oid,
    part: i32,
    referenced_class: u32,
    referenced: Oid,
    kind: u8,
}

/// What is granted to a role in this database.
pub fn granted(role: Oid) -> Vec<Object> {
    let keys = [(c"refclassid", class::AUTHID.into()), (c"refobjid", role)];
    let mut found = Vec::new();
    // SAFETY: the columns of pg_shdepend are fixed in width.
    scan(SHARED_DEPEND, SHARED_DEPEND_REFERENCE_INDEX, &keys, |row| unsafe {
        let row = &*row.cast::<SharedDependency>();
        if row.database == pg_sys::MyDatabaseId && row.kind == b'a' {
            found.push((row.class, row.object));
        }
    });
    found
}

/// The extensions of this database and their schemas.
pub fn extensions() -> Vec<(Oid, Oid)> {
    let mut found = Vec::new();
    // SAFETY: the columns up to extnamespace are fixed in width.
    scan(class::EXTENSION, 0, &[], |row| unsafe {
        let row = &*row.cast::<pg_sys::FormData_pg_extension>();
        found.push((row.oid, row.extnamespace));
    });
    found
}

/// OIDs of the rows that are attached to a relation or type.
pub fn attached(what: &Attachment, to: Oid) -> Vec<Oid> {
    let mut found = Vec::new();
    // SAFETY: the first column of these catalogs is an OID.
    scan(what.class, what.index, &[(what.column, to)], |row| unsafe {
        found.push(Oid::from(*row.cast::<u32>()));
    });
    found
}

/// Visits the rows whose columns equal the keys, by the index; all rows without one.
fn scan(catalog: u32, index: u32, keys: &[(&CStr, Oid)], mut visit: impl FnMut(*const u8)) {
    let catalog = Oid::from(catalog);
    // SAFETY: opened, scanned and closed in this function; a panic out of `visit` or PostgreSQL
    // aborts the transaction, whose resource owner closes both.
    unsafe {
        let mut scan_keys = [pg_sys::ScanKeyData::default(), pg_sys::ScanKeyData::default()];
        for (scan_key, (column, oid)) in scan_keys.iter_mut().zip(keys) {
            let column = pg_sys::get_attnum(catalog, column.as_ptr());
            let (equal, strategy) = (pg_sys::F_OIDEQ, pg_sys::BTEqualStrategyNumber as u16);
            pg_sys::ScanKeyInit(scan_key, column, strategy, equal.into(), Datum::from(*oid));
        }
        let heap = pg_sys::table_open(catalog, LOCK);
        let count = keys.len() as c_int;
        let (snapshot, first) = (std::ptr::null_mut(), scan_keys.as_mut_ptr());
        let scan =
            pg_sys::systable_beginscan(heap, index.into(), index != 0, snapshot, count, first);
        loop {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            visit(pg_sys::GETSTRUCT(tuple).cast());
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(heap, LOCK);
    }
}

/// What belongs to a relation; `None` when it is gone.
pub fn relation(oid: Oid) -> Option<Relation> {
    // SAFETY: the tuple is released after its last use.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(Cache::RELOID as c_int, Datum::from(oid));
        if tuple.is_null() {
            return None;
        }
        let row = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>();
        let relation = Relation {
            kind: row.relkind as u8,
            row_type: row.reltype,
            toast: row.reltoastrelid,
            tablespace: row.reltablespace,
        };
        pg_sys::ReleaseSysCache(tuple);
        Some(relation)
    }
}

/// What comes with a type: its array, its multirange and the relation of its columns, as far as it
/// has them.
pub struct Companions {
    /// Array type.
    pub array: Oid,
    /// Multirange type.
    pub multirange: Oid,
    /// Row of pg_class.
    pub relation: Oid,
}

/// What comes with a type.
pub fn companions(of_type: Oid) -> Companions {
    // SAFETY: looks into the catalog cache.
    unsafe {
        Companions {
            array: pg_sys::get_array_type(of_type),
            multirange: pg_sys::get_range_multirange(of_type),
            relation: pg_sys::get_typ_typrelid(of_type),
        }
    }
}

/// Whether a type is a domain.
pub fn is_domain(of_type: Oid) -> bool {
    // SAFETY: looks into the catalog cache.
    unsafe { pg_sys::get_typtype(of_type) as u8 == pg_sys::TYPTYPE_DOMAIN }
}

/// The schema of a relation.
pub fn schema_of_relation(relation: Oid) -> Oid {
    // SAFETY: looks into the catalog cache.
    unsafe { pg_sys::get_rel_namespace(relation) }
}

/// The OID of a schema, invalid when there is none of that name.
pub fn schema(name: &str) -> Oid {
    let Ok(name) = CString::new(name) else { return Oid::INVALID };
    // SAFETY: looks into the catalog cache.
    unsafe { pg_sys::get_namespace_oid(name.as_ptr(), true) }
}

/// The schemas of this session's temporary objects, invalid while it has none.
pub fn temp_schemas() -> [Oid; 2] {
    let (mut tables, mut toast) = (Oid::INVALID, Oid::INVALID);
    // SAFETY: writes to the two.
    unsafe { pg_sys::GetTempNamespaceState(&mut tables, &mut toast) };
    [tables, toast]
}
