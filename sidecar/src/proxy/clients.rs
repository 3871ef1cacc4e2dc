//! All clients of the process, by the key with which each may have its own running query cancelled.

use super::cancel_key;
use super::orders::Orders;
use super::tenants::Tenant;
use crate::pool::Target;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use subtle::ConstantTimeEq;

/// What a client is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Nothing, between transactions.
    Idle = 0,
    /// Waits for a server connection.
    Waiting = 1,
    /// Has one.
    Active = 2,
}

/// A client, as others see it.
pub struct Handle {
    /// The half of its cancel key that is public.
    pub process_id: i32,
    /// The other half.
    pub secret: Box<[u8]>,
    /// Where it is; `None` is this machine, by a socket.
    pub peer: Option<IpAddr>,
    /// Who it is.
    pub login: Arc<str>,
    /// What it calls itself.
    pub application: Box<str>,
    /// Where it is.
    pub tenant: Arc<Tenant>,
    /// Since when.
    pub since: SystemTime,
    /// What it is told.
    pub orders: Orders,
    /// How many transactions it has ended.
    pub transactions: AtomicU64,
    activity: AtomicU8,
    born: Instant,
    /// When it last began to wait, in microseconds from its birth.
    waits_since: AtomicU64,
    /// The server connection on which its query runs, for as long as it has one.
    running: Mutex<Option<Arc<Target>>>,
}

/// What is known of a client when it comes in.
pub struct Facts {
    /// Where it is.
    pub peer: Option<IpAddr>,
    /// Who it is.
    pub login: Arc<str>,
    /// What it calls itself.
    pub application: Box<str>,
    /// Its tenant.
    pub tenant: Arc<Tenant>,
    /// Bytes of the secret: 4 for old clients.
    pub secret_len: usize,
}

impl Handle {
    /// What it is at.
    pub fn activity(&self) -> Activity {
        match self.activity.load(Ordering::Relaxed) {
            0 => Activity::Idle,
            1 => Activity::Waiting,
            _ => Activity::Active,
        }
    }

    /// Says what it is at.
    pub fn set_activity(&self, activity: Activity) {
        self.activity.store(activity as u8, Ordering::Relaxed);
    }

    /// Says that it waits for a server connection, from `began` on.
    pub fn waits(&self, began: Instant) {
        let micros = began.saturating_duration_since(self.born).as_micros();
        self.waits_since.store(u64::try_from(micros).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.set_activity(Activity::Waiting);
    }

    /// How long it has waited so far, if it waits.
    pub fn waiting_time(&self) -> Option<Duration> {
        let since = Duration::from_micros(self.waits_since.load(Ordering::Relaxed));
        (self.activity() == Activity::Waiting).then(|| self.born.elapsed().saturating_sub(since))
    }

    /// Process id of the backend that runs its query, if one does.
    pub fn backend(&self) -> Option<i32> {
        self.running().as_ref().map(|target| target.key.process_id)
    }

    fn running(&self) -> MutexGuard<'_, Option<Arc<Target>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on a cancel request reaches this connection, which is in the client's tenant.
    pub fn runs_on(&self, target: Arc<Target>) {
        *self.running() = Some(target);
    }

    /// From now on none does. Whether one may still be on its way.
    pub fn runs_no_more(&self) -> bool {
        self.running().take().is_some_and(|target| target.requests.load(Ordering::SeqCst) > 0)
    }

    /// Has what the client runs cancelled, if it runs anything; one request at a time.
    async fn cancel(&self) {
        let Some(request) = self.request() else { return };
        request.0.key.cancel().await;
    }

    /// Under the lock, so that a connection is not handed on unaware of the request.
    fn request(&self) -> Option<Request> {
        let running = self.running();
        let target = running.as_ref()?;
        let first = target.requests.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst);
        first.is_ok().then(|| Request(target.clone()))
    }
}

/// A cancel request under way.
struct Request(Arc<Target>);

impl Drop for Request {
    fn drop(&mut self) {
        self.0.requests.store(0, Ordering::SeqCst);
    }
}

/// The clients.
#[derive(Default)]
pub struct Clients {
    known: Mutex<HashMap<i32, Arc<Handle>>>,
    /// Which of the processes beside each other this is.
    peer_id: u8,
    /// Those that have not come in yet count as well.
    count: AtomicUsize,
}

/// A client is known for as long as it holds this.
pub struct Registration {
    clients: Arc<Clients>,
    handle: Arc<Handle>,
}

/// A connection counts for as long as it holds this.
pub struct Ticket(Arc<Clients>);

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Registration {
    /// What others see.
    pub fn handle(&self) -> &Arc<Handle> {
        &self.handle
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.clients.known().remove(&self.handle.process_id);
    }
}

impl Clients {
    fn known(&self) -> MutexGuard<'_, HashMap<i32, Arc<Handle>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None yet, of this process among those beside it; 0 where there is none.
    pub fn of(peer_id: u8) -> Arc<Self> {
        Arc::new(Self { peer_id, ..Self::default() })
    }

    /// Counts a connection, up to `most`.
    pub fn admit(self: &Arc<Self>, most: usize) -> Option<Ticket> {
        let ticket = Ticket(self.clone());
        let before = self.count.fetch_add(1, Ordering::AcqRel);
        (before < most).then_some(ticket)
    }

    /// How many connections there are, also of those that have not come in yet.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Makes a client known, under a key that cannot be guessed.
    pub fn register(self: &Arc<Self>, facts: Facts) -> Registration {
        let mut known = self.known();
        let mut process_id = 0;
        while process_id == 0 || known.contains_key(&process_id) {
            process_id = cancel_key::process_id(self.peer_id);
        }
        let secret = cancel_key::secret();
        let handle = Arc::new(Handle {
            process_id,
            secret: secret[..facts.secret_len.min(secret.len())].into(),
            peer: facts.peer,
            login: facts.login,
            application: facts.application,
            tenant: facts.tenant,
            since: SystemTime::now(),
            orders: Orders::default(),
            transactions: AtomicU64::new(0),
            activity: AtomicU8::new(Activity::Idle as u8),
            born: Instant::now(),
            waits_since: AtomicU64::new(0),
            running: Mutex::new(None),
        });
        known.insert(process_id, handle.clone());
        drop(known);
        Registration { clients: self.clone(), handle }
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<Handle>> {
        self.known().values().cloned().collect()
    }

    /// Sees to a cancel request. Who has the wrong secret learns nothing.
    pub async fn cancel(&self, process_id: i32, secret: &[u8]) {
        let secret = cancel_key::as_given_out(secret);
        let handle = self.known().get(&process_id).cloned();
        if let Some(handle) = handle.filter(|handle| handle.secret.ct_eq(&secret).into()) {
            handle.cancel().await;
        }
    }
}
