//! What a session holds of what all sessions share: entries of the lock table, and objects in its
//! temporary schema.

use super::pg_compat;
use pgrx::pg_sys::{self, Oid};

/// pg_depend, its index by what is depended on, and the two columns of that (catalog/pg_depend.h).
const DEPENDENCIES: Oid = Oid::from_u32(2608);
const BY_REFERENCE: Oid = Oid::from_u32(2674);
const REFERENCED_CLASS: i16 = 4;
const REFERENCED_OBJECT: i16 = 5;
const PARTITIONS: usize = pg_sys::NUM_LOCK_PARTITIONS as usize;

/// How many locks the session holds in the shared table, of every kind. Up to sixteen weak locks on
/// tables, kept in the session's own slot, take nobody's room and are not counted.
pub fn shared_locks() -> usize {
    // SAFETY: MyProc is set for the life of a backend.
    let heads = unsafe { (&raw mut (*pg_sys::MyProc).myProcLocks).cast() };
    // A list that is empty, as most are, is not worth the lock of its partition.
    // SAFETY: there is a head for each partition.
    let mut busy = unsafe { pg_compat::busy_lists::<PARTITIONS>(heads) };
    let mut count = 0;
    while busy != 0 {
        count += locks_of_partition(busy.trailing_zeros() as usize);
        busy &= busy - 1;
    }
    count
}

fn locks_of_partition(partition: usize) -> usize {
    // SAFETY: MyProc is set for the life of a backend; each list is circular and ends at its head.
    // Others move locks into it, under the lock of its partition.
    unsafe {
        let head = &raw mut (*pg_sys::MyProc).myProcLocks[partition];
        let number = pg_sys::LOCK_MANAGER_LWLOCK_OFFSET as usize + partition;
        let lock = &raw mut (*pg_sys::MainLWLockArray.add(number)).lock;
        pg_sys::LWLockAcquire(lock, pg_sys::LWLockMode::LW_SHARED);
        let mut count = 0;
        let mut next = pg_compat::next_in_list(head);
        while let Some(entry) = next {
            count += 1;
            next = pg_compat::next_in_list_of(head, entry);
        }
        pg_sys::LWLockRelease(lock);
        count
    }
}

/// Whether an object that the running command has just made lies in the session's temporary
/// schema and counts there.
pub fn is_temp_object(class: Oid, object: Oid) -> bool {
    let (index, schema, kind, kinds): (_, _, _, &[u8]) = match class {
        pg_sys::RelationRelationId => (
            pg_sys::ClassOidIndexId,
            pg_sys::Anum_pg_class_relnamespace,
            pg_sys::Anum_pg_class_relkind,
            b"rvSpmfc",
        ),
        pg_sys::TypeRelationId => (
            pg_sys::TypeOidIndexId,
            pg_sys::Anum_pg_type_typnamespace,
            pg_sys::Anum_pg_type_typtype,
            b"edr",
        ),
        pg_sys::ProcedureRelationId => (
            pg_sys::ProcedureOidIndexId,
            pg_sys::Anum_pg_proc_pronamespace,
            pg_sys::Anum_pg_proc_prokind,
            b"fapw",
        ),
        _ => return false,
    };
    // SAFETY: as in `temp_objects`; both columns are never null. The row is not visible to others
    // yet, but to the command itself.
    unsafe {
        let mut key = pg_sys::ScanKeyData::default();
        let equal = pg_sys::BTEqualStrategyNumber as u16;
        // In each of the three the object's number is the first column.
        pg_sys::ScanKeyInit(&mut key, 1, equal, pg_sys::F_OIDEQ.into(), object.into());
        let lock = pg_sys::AccessShareLock as i32;
        let catalog = pg_sys::table_open(class, lock);
        let snapshot = &raw mut pg_sys::SnapshotSelfData;
        let scan = pg_sys::systable_beginscan(catalog, index.into(), true, snapshot, 1, &mut key);
        let row = pg_sys::systable_getnext(scan);
        let column = |number: u32| {
            let mut null = false;
            pg_sys::heap_getattr(row, number as i32, (*catalog).rd_att, &mut null)
        };
        let counts = !row.is_null()
            && kinds.contains(&(column(kind).value() as u8))
            && pg_sys::isTempNamespace(Oid::from(column(schema).value() as u32));
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(catalog, lock);
        counts
    }
}

/// Whether the running transaction has touched the temporary schema.
pub fn touched_temp_objects() -> bool {
    // SAFETY: reads a global.
    unsafe { pg_sys::MyXactFlags & pg_sys::XACT_FLAGS_ACCESSEDTEMPNAMESPACE as i32 != 0 }
}

/// Whether the running transaction, which is about to commit, leaves temporary objects.
pub fn leaves_temp_objects() -> bool {
    if temp_objects() > 0 {
        // SAFETY: the end of a transaction calls it right after this, and finds nothing more to do.
        // An error aborts the transaction.
        unsafe { pg_sys::PreCommit_on_commit_actions() };
    }
    temp_objects() > 0
}

/// How many objects lie in the session's temporary schema: tables, views, sequences, types and
/// functions. What belongs to one of them, as an index, is not counted.
pub fn temp_objects() -> usize {
    let (mut schema, mut toast) = (Oid::INVALID, Oid::INVALID);
    // SAFETY: inside a transaction; opened, scanned and closed in here, and an error aborts the
    // transaction, whose resource owner closes both.
    unsafe {
        pg_sys::GetTempNamespaceState(&mut schema, &mut toast);
        if schema == Oid::INVALID {
            return 0;
        }
        let mut keys = [pg_sys::ScanKeyData::default(); 2];
        for (key, (column, value)) in keys
            .iter_mut()
            .zip([(REFERENCED_CLASS, pg_sys::NamespaceRelationId), (REFERENCED_OBJECT, schema)])
        {
            let equal = pg_sys::BTEqualStrategyNumber as u16;
            pg_sys::ScanKeyInit(key, column, equal, pg_sys::F_OIDEQ.into(), value.into());
        }
        let lock = pg_sys::AccessShareLock as i32;
        let catalog = pg_sys::table_open(DEPENDENCIES, lock);
        let scan = pg_sys::systable_beginscan(
            catalog,
            BY_REFERENCE,
            true,
            std::ptr::null_mut(),
            2,
            keys.as_mut_ptr(),
        );
        let mut count = 0;
        while !pg_sys::systable_getnext(scan).is_null() {
            count += 1;
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(catalog, lock);
        count
    }
}
