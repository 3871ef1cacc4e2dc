//! The face in numbers, as of one moment. Made when somebody asks; nothing is kept up for it but
//! counters. With many clients it takes milliseconds: not for a thread that carries bytes.

use super::Face;
use super::clients::{Activity, Handle};
use super::tenants::Tenant;
use crate::pool::Census;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A tenant in numbers.
#[derive(Clone, Debug, Default)]
pub struct TenantFigures {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: Arc<str>,
    /// Clients.
    pub clients: usize,
    /// Of these, those that hold a server connection.
    pub active: usize,
    /// Of these, those that wait for one.
    pub waiting: usize,
    /// How long the one that has waited longest waits.
    pub longest_wait: Duration,
    /// Server connections that its clients hold.
    pub lent: usize,
    /// Server connections that nobody holds and that are still in this tenant.
    pub idle: usize,
    /// Whether it is paused, by itself or with all.
    pub is_paused: bool,
    /// Since the process started: transactions.
    pub transactions: u64,
    /// Queries.
    pub queries: u64,
    /// Time that clients have waited for server connections.
    pub wait: Duration,
    /// Time that they have held one.
    pub hold: Duration,
    /// Switches in front of a transaction.
    pub switches: u64,
    /// Transactions that were refused.
    pub refusals: u64,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Tenants, those with the most transactions first.
    pub tenants: Vec<TenantFigures>,
    /// Server connections, by thread.
    pub threads: Vec<Census>,
    /// Client connections, also of those that are not in yet.
    pub connections: usize,
    /// Clients that are in.
    pub clients: usize,
    /// Operators at the console.
    pub operators: usize,
    /// Client connections that there may be.
    pub most_clients: usize,
    /// How the starts of connections have ended up.
    pub outcomes: Vec<(&'static str, u64)>,
}

impl Face {
    /// The numbers of this moment.
    pub fn snapshot(&self) -> Snapshot {
        let clients = self.clients.all();
        let mut tenants = self.tenant_figures();
        clients.iter().for_each(|client| count(client, &mut tenants));
        let mut tenants: Vec<_> = tenants.into_values().collect();
        tenants.sort_by(|a, b| b.transactions.cmp(&a.transactions).then(a.id.cmp(&b.id)));
        Snapshot {
            tenants,
            threads: self.links.iter().map(|links| links.census()).collect(),
            connections: self.clients.count(),
            clients: clients.len(),
            operators: self.operators.load(Ordering::Relaxed),
            most_clients: self.most_clients.load(Ordering::Relaxed),
            outcomes: self.handshake.counters().all().collect(),
        }
    }

    fn tenant_figures(&self) -> HashMap<i64, TenantFigures> {
        let paused: HashSet<_> = self.links.iter().flat_map(|l| l.paused_tenants()).collect();
        let all_paused = self.links.iter().any(|links| links.census().is_paused);
        let known = self.tenants.all();
        let is_paused = |id| all_paused || paused.contains(&id);
        let mut tenants: HashMap<_, _> =
            known.iter().map(|tenant| (tenant.id, figures(tenant, is_paused(tenant.id)))).collect();
        for links in &self.links {
            for (id, lent) in links.lent_by_tenant() {
                tenants.entry(id).and_modify(|tenant| tenant.lent += lent);
            }
            for id in links.idle().iter().filter_map(|link| link.tenant) {
                tenants.entry(id).and_modify(|tenant| tenant.idle += 1);
            }
        }
        tenants
    }
}

fn figures(tenant: &Tenant, is_paused: bool) -> TenantFigures {
    let counters = &tenant.counters;
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    TenantFigures {
        id: tenant.id,
        name: tenant.name(),
        clients: 0,
        active: 0,
        waiting: 0,
        longest_wait: Duration::ZERO,
        lent: 0,
        idle: 0,
        is_paused,
        transactions: read(&counters.transactions),
        queries: read(&counters.queries),
        wait: Duration::from_micros(read(&counters.wait_micros)),
        hold: Duration::from_micros(read(&counters.hold_micros)),
        switches: read(&counters.switches),
        refusals: read(&counters.refusals),
    }
}

fn count(client: &Handle, tenants: &mut HashMap<i64, TenantFigures>) {
    let Some(tenant) = tenants.get_mut(&client.tenant.id) else { return };
    tenant.clients += 1;
    match client.activity() {
        Activity::Idle => {}
        Activity::Active => tenant.active += 1,
        Activity::Waiting => {
            tenant.waiting += 1;
            let wait = client.waiting_time().unwrap_or_default();
            tenant.longest_wait = tenant.longest_wait.max(wait);
        }
    }
}
