//! Server connections for clients that speak the protocol themselves, shared by the tenants of one
//! thread. As many as the configuration says, however many tenants there are.
//!
//! A connection on loan that its borrower drops is closed, and its place is free for another: nothing
//! is handed on by accident.

mod choice;
mod errand;
mod opening;
mod operating;
mod queue;

use super::link::{Link, Place};
use super::{Address, Error};
pub use operating::{Census, Idle};

use arc_swap::ArcSwap;
use opening::Opening;
use queue::Queue;
use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How the connections behave.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// The server.
    pub address: Address,
    /// At most this many connections.
    pub size: usize,
    /// At most this many of them for one tenant at a time.
    pub size_per_tenant: usize,
    /// At most this many clients of a tenant wait.
    pub queue_per_tenant: usize,
    /// How long a client waits.
    pub patience: Duration,
    /// How long opening one may take.
    pub connect_timeout: Duration,
    /// A connection older than this is replaced.
    pub lifetime: Duration,
    /// As is one that has served so many tenants: a backend's caches grow with each.
    pub most_tenants: usize,
    /// Statements that are kept prepared on one.
    pub statements: NonZeroUsize,
}

/// The connections of a thread.
pub struct Links {
    settings: ArcSwap<LinkSettings>,
    state: Mutex<State>,
    /// Of the thread: an operator may be on another one.
    home: OnceLock<Handle>,
}

type Answer = Result<Loan, Arc<Error>>;

#[derive(Default)]
struct State {
    idle: Vec<Link>,
    /// All there are: idle, on loan, and those about to be opened.
    places: usize,
    opening: usize,
    /// On loan, by tenant.
    lent: HashMap<i64, usize>,
    queue: Queue<Answer>,
    paused: Paused,
    closed: bool,
}

/// Whose clients wait although there would be a connection.
#[derive(Clone, Default)]
struct Paused {
    all: bool,
    tenants: HashSet<i64>,
}

/// A connection on loan to a client of a tenant.
pub struct Loan {
    link: Option<Link>,
    tenant: i64,
    links: Arc<Links>,
}

impl Links {
    /// Opens none yet.
    pub fn new(settings: LinkSettings) -> Arc<Self> {
        let settings = ArcSwap::from_pointee(settings);
        Arc::new(Self { settings, state: Mutex::default(), home: OnceLock::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Borrows a connection for a client that belongs to `place`. Waits for one: in turn with the other
    /// tenants, and no longer than it may.
    ///
    /// # Errors
    /// `Busy` when none became free in time, `Crowded` when too many of the tenant wait already, what
    /// went wrong where none can be opened.
    pub async fn take(self: &Arc<Self>, place: &Place) -> Result<Loan, Arc<Error>> {
        match self.try_take(place)? {
            Ok(loan) => Ok(loan),
            Err(waiting) => self.wait(place.tenant, waiting).await,
        }
    }

    /// One that is free, or a place in the line.
    fn try_take(
        self: &Arc<Self>,
        place: &Place,
    ) -> Result<Result<Loan, oneshot::Receiver<Answer>>, Arc<Error>> {
        let mut state = self.state();
        if state.closed {
            return Err(Arc::new(Error::Odd("the pool is closed")));
        }
        if state.may_serve(place.tenant, self.settings.load().size_per_tenant) {
            while let Some(mut link) = choice::take(&mut state.idle, place) {
                // A server that went away, or says that it is about to, is not handed out.
                if link.is_quiet() && !self.is_worn(&link) {
                    *state.lent.entry(place.tenant).or_default() += 1;
                    return Ok(Ok(Loan::new(link, place.tenant, self)));
                }
                state.places -= 1;
            }
        }
        if state.queue.len_of(place.tenant) >= self.settings.load().queue_per_tenant {
            return Err(Arc::new(Error::Crowded));
        }
        let waiting = state.queue.join(place.tenant);
        self.open_if_needed(&mut state);
        Ok(Err(waiting))
    }

    async fn wait(
        &self,
        tenant: i64,
        mut waiting: oneshot::Receiver<Answer>,
    ) -> Result<Loan, Arc<Error>> {
        loop {
            let patience = self.settings.load().patience;
            match tokio::time::timeout(patience, &mut waiting).await {
                Ok(Ok(answer)) => return answer,
                Ok(Err(_)) => return Err(Arc::new(Error::Odd("the pool is closed"))),
                // Who waits for the end of a pause is not sent away.
                Err(_) if self.is_paused(tenant) => {}
                Err(_) => return Err(Arc::new(Error::Busy)),
            }
        }
    }

    /// Whether a connection is better replaced.
    fn is_worn(&self, link: &Link) -> bool {
        link.served.len() > self.settings.load().most_tenants
            || link.born.elapsed() > self.settings.load().lifetime
    }

    /// Hands a connection that nobody holds to who waits for one, else keeps it.
    fn settle(self: &Arc<Self>, mut state: MutexGuard<'_, State>, mut link: Link) {
        let excess = state.places > self.settings.load().size;
        if state.closed || state.paused.all || excess || self.is_worn(&link) {
            state.places -= 1;
            self.open_if_needed(&mut state);
            return;
        }
        while let Some((tenant, sender)) =
            state.next_for(&link, self.settings.load().size_per_tenant)
        {
            *state.lent.entry(tenant).or_default() += 1;
            // As a loan: if the receiver goes away before it looks, the connection is not lost count of.
            match sender.send(Ok(Loan::new(link, tenant, self))) {
                Err(Ok(Loan { link: ref mut back, .. })) => match back.take() {
                    Some(back) => link = back,
                    None => return,
                },
                Ok(()) | Err(Err(_)) => return,
            }
            state.no_longer_lent(tenant);
        }
        state.idle.push(link);
    }

    /// One that was on loan is no more.
    fn lost(self: &Arc<Self>, tenant: i64) {
        let mut state = self.state();
        state.no_longer_lent(tenant);
        state.places -= 1;
        self.open_if_needed(&mut state);
    }

    /// Opens as many as there are clients that none of those being opened is for.
    fn open_if_needed(self: &Arc<Self>, state: &mut State) {
        let size = self.settings.load().size;
        while !state.closed
            && !state.paused.all
            && state.opening < state.queue.len()
            && state.places < size
        {
            state.places += 1;
            state.opening += 1;
            self.home.get_or_init(Handle::current).spawn(Opening::of(self).run());
        }
    }
}

impl State {
    fn may_serve(&self, tenant: i64, most: usize) -> bool {
        let lent = self.lent.get(&tenant).copied().unwrap_or_default();
        lent < most && !self.paused.all && !self.paused.tenants.contains(&tenant)
    }

    fn next_for(&mut self, link: &Link, most: usize) -> Option<(i64, oneshot::Sender<Answer>)> {
        let mut queue = std::mem::take(&mut self.queue);
        let next = queue.next(|t| self.may_serve(t, most), |t| link.served.contains(&t));
        self.queue = queue;
        next
    }

    fn no_longer_lent(&mut self, tenant: i64) {
        if let Some(lent) = self.lent.get_mut(&tenant) {
            *lent -= 1;
            if *lent == 0 {
                self.lent.remove(&tenant);
            }
        }
    }
}

impl Loan {
    fn new(link: Link, tenant: i64, links: &Arc<Links>) -> Self {
        Self { link: Some(link), tenant, links: links.clone() }
    }

    /// The connection.
    pub fn link(&mut self) -> Result<&mut Link, Error> {
        self.link.as_mut().ok_or(Error::Odd("the connection was given back"))
    }

    /// Gives it back as it is: nothing is under way on it, no transaction is open.
    pub fn give_back(mut self) {
        if let Some(link) = self.link.take() {
            let mut state = self.links.state();
            state.no_longer_lent(self.tenant);
            self.links.settle(state, link);
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if self.link.take().is_some() {
            self.links.lost(self.tenant);
        }
    }
}
