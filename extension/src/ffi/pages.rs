//! Whether the pages of relations are what they were.

use pgrx::pg_sys::{self, ForkNumber, Oid};
use std::hash::{DefaultHasher, Hasher};

/// A sum over the pages of relations, which changes with every change of a page; none when there are
/// more than `most`, when a relation is gone, or when its changes are not logged and so leave no mark.
/// Vacuum changes it too.
pub fn sum(relations: &[Oid], most: u32) -> Option<i64> {
    let mut left = most;
    let mut sum = 0_i64;
    for relation in relations {
        sum = sum.wrapping_add(of_relation(*relation, &mut left)?);
    }
    Some(sum)
}

/// Whether a relation has no page: nobody has ever written to it.
pub fn is_empty(relation: Oid) -> bool {
    let lock = pg_sys::AccessShareLock as i32;
    // SAFETY: the relation stays locked to the end of the transaction and is closed after its use.
    unsafe {
        let relation = pg_sys::try_relation_open(relation, lock);
        if relation.is_null() {
            return true;
        }
        let blocks = pg_sys::RelationGetNumberOfBlocksInFork(relation, ForkNumber::MAIN_FORKNUM);
        pg_sys::relation_close(relation, 0);
        blocks == 0
    }
}

fn of_relation(oid: Oid, left: &mut u32) -> Option<i64> {
    // SAFETY: the relation stays locked to the end of the transaction and is closed after its last
    // use; each page is pinned and locked while it is read.
    unsafe {
        let relation = pg_sys::try_relation_open(oid, pg_sys::AccessShareLock as i32);
        if relation.is_null() {
            return None;
        }
        let row = (*relation).rd_rel;
        let mark: fn(pg_sys::Page) -> u64 =
            if (*row).relkind as u8 == pg_sys::RELKIND_SEQUENCE { by_content } else { by_log };
        let blocks = pg_sys::RelationGetNumberOfBlocksInFork(relation, ForkNumber::MAIN_FORKNUM);
        let fits =
            (*row).relpersistence as u8 == pg_sys::RELPERSISTENCE_PERMANENT && blocks <= *left;
        let sum = fits.then(|| {
            (0..blocks).map(|block| of_page(relation, block, mark)).fold(0_i64, i64::wrapping_add)
        });
        *left = left.saturating_sub(blocks);
        pg_sys::relation_close(relation, 0);
        sum
    }
}

/// # Safety
/// The relation must be open and the block within it.
unsafe fn of_page(relation: pg_sys::Relation, block: u32, mark: fn(pg_sys::Page) -> u64) -> i64 {
    // SAFETY: the caller's promise.
    let mark = unsafe {
        let buffer = pg_sys::ReadBuffer(relation, block);
        pg_sys::LockBuffer(buffer, pg_sys::BUFFER_LOCK_SHARE as i32);
        let mark = mark(pg_sys::BufferGetPage(buffer));
        pg_sys::UnlockReleaseBuffer(buffer);
        mark
    };
    // Mixed, so that two pages that change places do not add up to the same.
    (mark ^ u64::from(block)).wrapping_mul(0x9E37_79B9_7F4A_7C15) as i64
}

/// Where the log last speaks of a page; what is not logged, as hints, changes no row.
fn by_log(page: pg_sys::Page) -> u64 {
    // SAFETY: a page begins with its header.
    let at = unsafe { (*page.cast::<pg_sys::PageHeaderData>()).pd_lsn };
    u64::from(at.xlogid) << 32 | u64::from(at.xrecoff)
}

/// The log speaks of a sequence once for many values.
fn by_content(page: pg_sys::Page) -> u64 {
    let mut hasher = DefaultHasher::new();
    // SAFETY: a page has that many bytes.
    hasher.write(unsafe { std::slice::from_raw_parts(page.cast(), pg_sys::BLCKSZ as usize) });
    hasher.finish()
}
