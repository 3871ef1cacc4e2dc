//! Ends of transactions and invalidations, called back.

use pgrx::pg_sys::{
    self, Datum, Oid, SubTransactionId, SubXactEvent, SysCacheIdentifier, XactEvent,
};
use pgrx::prelude::*;
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

/// What happened to the running transaction. A listener must not raise but where it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is about to commit and can still do work. The one event at which a listener may raise.
    PreCommit,
    /// It has committed; its changes are visible.
    Commit,
    /// It is being rolled back; PostgreSQL has put the effective role back.
    Abort,
    /// A subtransaction is being rolled back, likewise.
    SubtransactionAbort,
    /// A subtransaction has ended in the one around it.
    SubtransactionCommit,
    /// A subtransaction begins.
    SubtransactionStart,
}

static LISTENER: OnceLock<fn(Event)> = OnceLock::new();
static CATALOGS: OnceLock<[fn(); 2]> = OnceLock::new();
static INVALIDATED: OnceLock<fn(Oid)> = OnceLock::new();

/// Registers for the ends of transactions. For _PG_init: backends inherit it.
pub fn listen(listener: fn(Event)) {
    let _ = LISTENER.set(listener);
    // SAFETY: both callbacks live as long as the library.
    unsafe {
        pg_sys::RegisterXactCallback(Some(on_transaction), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(on_subtransaction), std::ptr::null_mut());
    }
}

/// Registers for invalidations of relations (the invalid OID stands for all of them). Once in a
/// backend's life: the list is the backend's own.
pub fn listen_to_invalidations(listener: fn(Oid)) {
    if INVALIDATED.set(listener).is_ok() {
        // SAFETY: the callback lives as long as the library.
        unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(on_invalidation), Datum::from(0)) };
    }
}

/// Registers for changes of schemas and of functions. Once in a backend's life, as above.
pub fn listen_to_schemas(schemas: fn(), functions: fn()) {
    if CATALOGS.set([schemas, functions]).is_ok() {
        let (schemas, functions) =
            (SysCacheIdentifier::NAMESPACEOID as i32, SysCacheIdentifier::PROCOID as i32);
        // SAFETY: the callback lives as long as the library.
        unsafe {
            pg_sys::CacheRegisterSyscacheCallback(schemas, Some(on_catalog_change), 0.into());
            pg_sys::CacheRegisterSyscacheCallback(functions, Some(on_catalog_change), 0.into());
        }
    }
}

/// Sends an invalidation of a relation to every backend, standbys included, on commit.
pub fn invalidate(relation: Oid) {
    // SAFETY: transactional; inside a transaction.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(relation) };
}

fn tell(event: Event) {
    if let Some(listener) = LISTENER.get() {
        listener(event);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_transaction(event: XactEvent::Type, _argument: *mut c_void) {
    match event {
        XactEvent::XACT_EVENT_PRE_COMMIT | XactEvent::XACT_EVENT_PRE_PREPARE => {
            tell(Event::PreCommit)
        }
        XactEvent::XACT_EVENT_COMMIT | XactEvent::XACT_EVENT_PREPARE => tell(Event::Commit),
        XactEvent::XACT_EVENT_ABORT => tell(Event::Abort),
        _ => {}
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_subtransaction(
    event: SubXactEvent::Type,
    _mine: SubTransactionId,
    _parent: SubTransactionId,
    _argument: *mut c_void,
) {
    match event {
        SubXactEvent::SUBXACT_EVENT_ABORT_SUB => tell(Event::SubtransactionAbort),
        SubXactEvent::SUBXACT_EVENT_COMMIT_SUB => tell(Event::SubtransactionCommit),
        SubXactEvent::SUBXACT_EVENT_START_SUB => tell(Event::SubtransactionStart),
        _ => {}
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_invalidation(_argument: Datum, relation: Oid) {
    if let Some(listener) = INVALIDATED.get() {
        listener(relation);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_catalog_change(_argument: Datum, cache: c_int, _hash: u32) {
    if let Some([schemas, functions]) = CATALOGS.get() {
        let of_schemas = cache == SysCacheIdentifier::NAMESPACEOID as c_int;
        if of_schemas { schemas() } else { functions() }
    }
}
