//! The numbers as metrics. The names are those of the exporter for PgBouncer behind `tenancy_`; the
//! tenants that have a label of their own are those with the most transactions, all others are one.

use crate::proxy::{Snapshot, TenantFigures};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What stands for the tenants that are not named. One may have this name: they differ by their id,
/// which this one has not.
const OTHER: &str = "other";

/// Names, help, and what is read of a tenant.
type Gauge = (&'static str, &'static str, fn(&TenantFigures) -> f64);
type Counter = (&'static str, &'static str, fn(&Sums) -> f64);

const GAUGES: [Gauge; 5] = [
    ("pools_client_active_connections", "Clients that do not wait for a server connection", |t| {
        (t.clients - t.waiting) as f64
    }),
    ("pools_client_waiting_connections", "Clients that wait for a server connection", |t| {
        t.waiting as f64
    }),
    ("pools_client_maxwait_seconds", "How long the first of them has waited", |t| {
        t.longest_wait.as_secs_f64()
    }),
    ("pools_server_active_connections", "Server connections that clients hold", |t| t.lent as f64),
    ("pools_paused", "Whether transactions are held back", |t| f64::from(u8::from(t.is_paused))),
];

const COUNTERS: [Counter; 6] = [
    ("stats_sql_transactions_pooled", "Transactions", |s| s.transactions as f64),
    ("stats_queries_pooled", "Queries", |s| s.queries as f64),
    ("stats_client_wait_seconds", "Time that clients waited for server connections", |s| {
        s.wait.as_secs_f64()
    }),
    ("stats_server_in_transaction_seconds", "Time that clients held server connections", |s| {
        s.hold.as_secs_f64()
    }),
    ("stats_switches", "Switches in front of a transaction", |s| s.switches as f64),
    ("stats_refusals", "Transactions refused for a limit or for want of a connection", |s| {
        s.refusals as f64
    }),
];

/// What only grows.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    transactions: u64,
    queries: u64,
    wait: Duration,
    hold: Duration,
    switches: u64,
    refusals: u64,
}

impl Sums {
    fn of(tenant: &TenantFigures) -> Self {
        Self {
            transactions: tenant.transactions,
            queries: tenant.queries,
            wait: tenant.wait,
            hold: tenant.hold,
            switches: tenant.switches,
            refusals: tenant.refusals,
        }
    }

    fn join(self, other: Self, with: Join) -> Self {
        Self {
            transactions: (with.numbers)(self.transactions, other.transactions),
            queries: (with.numbers)(self.queries, other.queries),
            wait: (with.times)(self.wait, other.wait),
            hold: (with.times)(self.hold, other.hold),
            switches: (with.numbers)(self.switches, other.switches),
            refusals: (with.numbers)(self.refusals, other.refusals),
        }
    }
}

#[derive(Clone, Copy)]
struct Join {
    numbers: fn(u64, u64) -> u64,
    times: fn(Duration, Duration) -> Duration,
}

const ADD: Join = Join { numbers: u64::saturating_add, times: Duration::saturating_add };
const MOST: Join = Join { numbers: u64::max, times: Duration::max };

/// Makes the text.
#[derive(Default)]
pub struct Metrics {
    /// What was said of the others before. When one of them gets a label of its own they are fewer, but
    /// a counter that goes down would be taken for a new start of the process.
    others: Mutex<Sums>,
}

impl Metrics {
    /// Of the PostgreSQL face, where there is one, and of the HTTP face's server connections.
    pub fn text(
        &self,
        snapshot: Option<Snapshot>,
        http: [usize; 3],
        named: usize,
    ) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix("tenancy");
        let face = snapshot.map(|snapshot| self.face(snapshot, named));
        registry.register_collector(Box::new(Figures { face, http }));
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }

    fn face(&self, mut snapshot: Snapshot, named: usize) -> Face {
        let rest = snapshot.tenants.split_off(named.min(snapshot.tenants.len()));
        let sums = rest.iter().map(Sums::of).fold(Sums::default(), |a, b| a.join(b, ADD));
        let mut before = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        *before = before.join(sums, MOST);
        Face { others: others(&rest), sums: *before, tenants_known: rest.len(), snapshot }
    }
}

/// The others as one.
fn others(rest: &[TenantFigures]) -> TenantFigures {
    let sum = |read: fn(&TenantFigures) -> usize| rest.iter().map(read).sum();
    TenantFigures {
        name: Arc::from(OTHER),
        clients: sum(|t| t.clients),
        active: sum(|t| t.active),
        waiting: sum(|t| t.waiting),
        longest_wait: rest.iter().map(|t| t.longest_wait).max().unwrap_or_default(),
        lent: sum(|t| t.lent),
        idle: sum(|t| t.idle),
        is_paused: rest.iter().any(|t| t.is_paused),
        ..TenantFigures::default()
    }
}

#[derive(Debug)]
struct Face {
    /// With the tenants that are named.
    snapshot: Snapshot,
    others: TenantFigures,
    sums: Sums,
    tenants_known: usize,
}

#[derive(Debug)]
struct Figures {
    face: Option<Face>,
    http: [usize; 3],
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let encoder = &mut encoder;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        gauges(encoder, "build_info", "The version that runs", [(version, 1.0)])?;
        let [there, idle, waiting] = self.http;
        let states = [("active", there.saturating_sub(idle)), ("idle", idle)];
        let states = states.map(|(state, n)| ([("state", state)], n as f64));
        gauges(encoder, "http_server_connections", "Server connections of the HTTP face", states)?;
        gauge(encoder, "http_requests_waiting", "Requests that wait for one", waiting)?;
        self.face.as_ref().map_or(Ok(()), |face| face.encode(encoder))
    }
}

impl Face {
    fn encode(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        self.process(encoder)?;
        self.threads(encoder)?;
        let tenants = || self.snapshot.tenants.iter();
        for (name, help, read) in GAUGES {
            let named = tenants().map(|t| (labels(t), read(t)));
            let other = (other_labels(), read(&self.others));
            gauges(encoder, name, help, named.chain([other]))?;
        }
        for (name, help, read) in COUNTERS {
            let named = tenants().map(|t| (labels(t), read(&Sums::of(t))));
            let other = (other_labels(), read(&self.sums));
            counters(encoder, name, help, named.chain([other]))?;
        }
        Ok(())
    }

    fn process(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let snapshot = &self.snapshot;
        let in_or_operating = snapshot.clients + snapshot.operators;
        let login = snapshot.connections.saturating_sub(in_or_operating);
        let free = snapshot.most_clients.saturating_sub(snapshot.connections);
        for (name, help, number) in [
            ("used_clients", "Clients", snapshot.clients),
            ("login_clients", "Connections that have not come in yet", login),
            ("free_clients", "Connections that there may be more", free),
            ("operators", "Operators at the console", snapshot.operators),
            ("tenants", "Tenants known here", snapshot.tenants.len() + self.tenants_known),
        ] {
            gauge(encoder, name, help, number)?;
        }
        let outcomes = snapshot.outcomes.iter();
        let outcomes = outcomes.map(|(outcome, number)| ([("outcome", *outcome)], *number as f64));
        counters(encoder, "connections", "Connections, by how their start has ended up", outcomes)
    }

    fn threads(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let threads = || self.snapshot.threads.iter().enumerate();
        let servers = threads().flat_map(|(thread, census)| {
            let states =
                [("active", census.lent), ("idle", census.idle), ("login", census.opening)];
            states.map(|(state, number)| {
                ([("thread", thread.to_string()), ("state", state.to_owned())], number as f64)
            })
        });
        gauges(encoder, "server_connections", "Server connections by thread and state", servers)?;
        let waiting = threads()
            .map(|(thread, census)| ([("thread", thread.to_string())], census.waiting as f64));
        gauges(encoder, "clients_waiting", "Clients that wait for one, by thread", waiting)
    }
}

type Labels = [(&'static str, String); 2];

fn labels(tenant: &TenantFigures) -> Labels {
    [("tenant", tenant.name.to_string()), ("tenant_id", tenant.id.to_string())]
}

fn other_labels() -> Labels {
    [("tenant", OTHER.to_owned()), ("tenant_id", String::new())]
}

fn gauge(encoder: &mut DescriptorEncoder, name: &str, help: &str, value: usize) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    metric.encode_gauge(&(value as f64))
}

fn gauges<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (L, f64)>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in values {
        metric.encode_family(&labels)?.encode_gauge(&value)?;
    }
    Ok(())
}

fn counters<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (L, f64)>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in values {
        metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
