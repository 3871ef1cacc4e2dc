//! Advisory locks inside a tenant: the keys are the tenant's own, and a session holds no more of
//! them than the setting allows. What it holds is counted here, because PostgreSQL has no answer to
//! that; a lock of a transaction counts until the transaction ends, rolled back savepoints included.

use super::{client, position};
use crate::ffi::advisory::{self, Key, Mode};
use crate::settings;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use tenancy_core::mutant;
use tenancy_core::pooling::Lasting;
use tenancy_core::{Error, Result, SqlState};

#[derive(Default)]
struct Held {
    session: HashMap<(Key, Mode), u32>,
    transaction: HashSet<(Key, Mode)>,
}

thread_local! {
    static HELD: RefCell<Held> = RefCell::default();
}

/// What a call asks for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// High and low half, and the form.
    pub key: (u32, u32, u16),
    /// How.
    pub mode: Mode,
    /// Whether the lock outlasts the transaction.
    pub for_session: bool,
    /// Whether to wait for others.
    pub wait: bool,
}

/// Where the tenant's keys are told from others'.
fn space() -> Option<u32> {
    if mutant::disabled("function.advisory_space") {
        return Some(crate::ffi::backend::database());
    }
    position::tenant().map(|tenant| tenant.role.to_u32())
}

fn key_of((high, low, form): (u32, u32, u16)) -> Option<Key> {
    space().map(|space| Key { space, high, low, form })
}

/// Takes a lock; false when another session has it and waiting was not asked for. 53400 beyond the
/// ceiling, 0A000 when it would be left on a connection that others use.
pub fn lock(request: Request) -> Result<bool> {
    if request.for_session && !mutant::disabled("function.session_locks") {
        client::allow_lasting(Lasting::SessionLock)?;
    }
    let Some(key) = key_of(request.key) else { return Ok(false) };
    let lock = (key, request.mode);
    HELD.with_borrow(|held| held.allow(&lock))?;
    let taken = advisory::acquire(key, request.mode, request.for_session, request.wait);
    if taken {
        HELD.with_borrow_mut(|held| held.add(lock, request.for_session));
    }
    Ok(taken)
}

/// Lets go of a lock of the session; false when it has none.
pub fn unlock(key: (u32, u32, u16), mode: Mode) -> bool {
    let Some(key) = key_of(key) else { return false };
    let released = advisory::release(key, mode);
    if released {
        HELD.with_borrow_mut(|held| held.remove((key, mode)));
    }
    released
}

/// Lets go of every lock that the session took in this tenant.
pub fn unlock_all() {
    let held = HELD.with_borrow_mut(|held| std::mem::take(&mut held.session));
    for ((key, mode), times) in held {
        for _ in 0..times {
            advisory::release(key, mode);
        }
    }
}

/// Whether the session holds a lock beyond its transaction.
pub fn any_of_session() -> bool {
    HELD.with_borrow(|held| !held.session.is_empty())
}

/// The transaction has ended, and its locks with it. Never raises.
pub fn forget_transaction() {
    HELD.with_borrow_mut(|held| held.transaction.clear());
}

/// The scrub has released everything. Never raises.
pub fn forget() {
    HELD.set(Held::default());
}

impl Held {
    fn allow(&self, lock: &(Key, Mode)) -> Result<()> {
        let most = settings::max_advisory_locks();
        let held = self.session.len() + self.transaction.len();
        let known = self.session.contains_key(lock) || self.transaction.contains(lock);
        if known || held < most || mutant::disabled("ceiling.advisory_locks") {
            return Ok(());
        }
        Err(Error::new(SqlState::LimitExceeded, "too many advisory locks")
            .detail(format!("This session holds {held} of them, the most that a tenant's may."))
            .hint("Release some, or lock one key that stands for many."))
    }

    fn add(&mut self, lock: (Key, Mode), for_session: bool) {
        if for_session {
            *self.session.entry(lock).or_insert(0) += 1;
        } else {
            self.transaction.insert(lock);
        }
    }

    fn remove(&mut self, lock: (Key, Mode)) {
        if let Some(times) = self.session.get_mut(&lock) {
            *times -= 1;
            if *times == 0 {
                self.session.remove(&lock);
            }
        }
    }
}
