//! Advisory locks by a tag of our own choosing: what lockfuncs.c does with the database's OID.

use pgrx::pg_sys::{self, LOCKTAG, LockAcquireResult, LockTagType};

/// Lock method of advisory locks (USER_LOCKMETHOD in storage/lock.h).
const USER_LOCK_METHOD: u8 = 2;

/// What is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Where keys are told apart; PostgreSQL has the database's OID here.
    pub space: u32,
    /// The high half of a bigint, or the first integer.
    pub high: u32,
    /// The low half of a bigint, or the second integer.
    pub low: u32,
    /// 1 for a bigint, 2 for two integers.
    pub form: u16,
}

/// How it is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// With others that share.
    Shared,
    /// Alone.
    Exclusive,
}

fn tag(key: Key) -> LOCKTAG {
    LOCKTAG {
        locktag_field1: key.space,
        locktag_field2: key.high,
        locktag_field3: key.low,
        locktag_field4: key.form,
        locktag_type: LockTagType::LOCKTAG_ADVISORY as u8,
        locktag_lockmethodid: USER_LOCK_METHOD,
    }
}

fn level(mode: Mode) -> i32 {
    match mode {
        Mode::Shared => pg_sys::ShareLock as i32,
        Mode::Exclusive => pg_sys::ExclusiveLock as i32,
    }
}

/// Takes a lock, until the session lets go of it or the transaction ends; false when it is held by
/// another and `wait` is not set.
pub fn acquire(key: Key, mode: Mode, for_session: bool, wait: bool) -> bool {
    // SAFETY: a complete tag; inside a transaction.
    let result = unsafe { pg_sys::LockAcquire(&tag(key), level(mode), for_session, !wait) };
    result != LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
}

/// Lets go of a lock of the session; false, after PostgreSQL's own warning, when it has none.
pub fn release(key: Key, mode: Mode) -> bool {
    // SAFETY: a complete tag.
    unsafe { pg_sys::LockRelease(&tag(key), level(mode), true) }
}
