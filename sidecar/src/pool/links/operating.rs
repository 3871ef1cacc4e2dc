//! What operators see of a thread's server connections, and do with them. They may be on any thread.

use super::{LinkSettings, Links, Paused, State};
use std::collections::HashMap;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

/// How many connections are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// With nobody.
    pub idle: usize,
    /// On loan.
    pub lent: usize,
    /// About to be opened.
    pub opening: usize,
    /// Clients that wait.
    pub waiting: usize,
    /// At most so many connections.
    pub size: usize,
    /// Whether nothing is lent to anybody.
    pub is_paused: bool,
}

/// A connection that nobody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// The backend's process id.
    pub process_id: i32,
    /// The tenant that it is in, if any.
    pub tenant: Option<i64>,
    /// How many tenants it has served.
    pub served: usize,
    /// Statements that are prepared on it.
    pub statements: usize,
    /// How long ago it was opened.
    pub age: Duration,
}

impl Links {
    /// How many are where.
    pub fn census(&self) -> Census {
        let state = self.state();
        Census {
            idle: state.idle.len(),
            lent: state.lent.values().sum(),
            opening: state.opening,
            waiting: state.queue.len(),
            size: self.settings.load().size,
            is_paused: state.paused.all,
        }
    }

    /// Those that nobody holds.
    pub fn idle(&self) -> Vec<Idle> {
        let state = self.state();
        let idle = state.idle.iter().map(|link| Idle {
            process_id: link.target.key.process_id,
            tenant: link.place.as_ref().map(|place| place.tenant),
            served: link.served.len(),
            statements: link.statements.len(),
            age: link.born.elapsed(),
        });
        idle.collect()
    }

    /// How many are on loan, by tenant.
    pub fn lent_by_tenant(&self) -> HashMap<i64, usize> {
        self.state().lent.clone()
    }

    /// The tenants that are paused by themselves.
    pub fn paused_tenants(&self) -> Vec<i64> {
        self.state().paused.tenants.iter().copied().collect()
    }

    /// Whether clients of a tenant wait for the end of a pause.
    pub fn is_paused(&self, tenant: i64) -> bool {
        let state = self.state();
        state.paused.all || state.paused.tenants.contains(&tenant)
    }

    /// Lends nothing to clients of a tenant until [`Links::resume`]. Without a tenant, to nobody; then
    /// connections that nobody holds are closed, and others as they are given back.
    pub fn pause(&self, tenant: Option<i64>) {
        let mut state = self.state();
        match tenant {
            None => {
                state.paused.all = true;
                state.close_idle();
            }
            Some(tenant) => _ = state.paused.tenants.insert(tenant),
        }
    }

    /// How many connections clients of a tenant hold; without a tenant, how many there are but for
    /// those that nobody holds.
    pub fn held(&self, tenant: Option<i64>) -> usize {
        let state = self.state();
        match tenant {
            None => state.places - state.idle.len(),
            Some(tenant) => state.lent.get(&tenant).copied().unwrap_or_default(),
        }
    }

    /// Ends a pause: that of a tenant, or all.
    pub fn resume(self: &Arc<Self>, tenant: Option<i64>) {
        let mut state = self.state();
        match tenant {
            None => state.paused = Paused::default(),
            Some(tenant) => _ = state.paused.tenants.remove(&tenant),
        }
        self.hand_out_again(state);
    }

    /// Behaves differently from now on. The address stays, as do the connections, unless there are too
    /// many now.
    pub fn configure(self: &Arc<Self>, settings: LinkSettings) {
        let address = self.settings.load().address.clone();
        self.settings.store(Arc::new(LinkSettings { address, ..settings }));
        self.hand_out_again(self.state());
    }

    /// What is idle may be for somebody now, and others may be opened.
    fn hand_out_again(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        for link in idle {
            self.settle(self.state(), link);
        }
        self.open_if_needed(&mut self.state());
    }

    /// Lends nothing more and closes what nobody holds.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.close_idle();
        state.queue.drain();
    }
}

impl State {
    fn close_idle(&mut self) {
        self.places -= self.idle.len();
        self.idle.clear();
    }
}
