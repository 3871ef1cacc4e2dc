//! Large objects by id: whose they are, and whether the effective role may use them.

use pgrx::IntoDatum;
use pgrx::pg_sys::{self, Datum, Oid};

/// pg_largeobject_metadata, its index on the OID, and its columns (catalog/pg_largeobject_metadata.h).
const METADATA: u32 = 2995;
const METADATA_OID_INDEX: u32 = 2996;
const OID: i16 = 1;
const OWNER: i32 = 2;

/// Which large objects are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// Those that are there.
    Committed,
    /// Also those that another transaction is about to make: who makes one of the same id would
    /// have to wait for it.
    Uncommitted,
}

/// The owner of a large object, if there is one.
pub fn owner(id: Oid, among: Among) -> Option<Oid> {
    let mut key = pg_sys::ScanKeyData::default();
    let mut dirty = pg_sys::SnapshotData {
        snapshot_type: pg_sys::SnapshotType::SNAPSHOT_DIRTY,
        ..Default::default()
    };
    let snapshot = match among {
        Among::Committed => std::ptr::null_mut(),
        Among::Uncommitted => &raw mut dirty,
    };
    let value = id.into_datum().unwrap_or(Datum::from(0));
    // SAFETY: opened, scanned and closed here; the key and the snapshot outlive the scan, and the
    // tuple has the columns of its catalog.
    unsafe {
        let equal = pg_sys::BTEqualStrategyNumber as u16;
        pg_sys::ScanKeyInit(&mut key, OID, equal, pg_sys::F_OIDEQ.into(), value);
        let lock = pg_sys::AccessShareLock as i32;
        let table = pg_sys::table_open(METADATA.into(), lock);
        let index = METADATA_OID_INDEX.into();
        let scan = pg_sys::systable_beginscan(table, index, true, snapshot, 1, &mut key);
        let tuple = pg_sys::systable_getnext(scan);
        let mut owner = None;
        if !tuple.is_null() {
            let mut null = false;
            let datum = pg_sys::heap_getattr(tuple, OWNER, (*table).rd_att, &mut null);
            owner = Some(Oid::from(datum.value() as u32));
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(table, lock);
        owner
    }
}

/// Whether the effective role may read or write a large object that is there.
pub fn is_granted(id: Oid) -> bool {
    let either = [pg_sys::ACL_SELECT, pg_sys::ACL_UPDATE];
    // SAFETY: reads a catalog under its own snapshot; the object was found there just now.
    either.iter().any(|right| unsafe {
        let mode = pg_sys::AclMode::from(*right);
        let none = std::ptr::null_mut();
        pg_sys::pg_largeobject_aclcheck_snapshot(id, pg_sys::GetUserId(), mode, none)
            == pg_sys::AclResult::ACLCHECK_OK
    })
}
