//! What SHOW shows, as tables. Columns have PgBouncer's names where they are the same thing. Nothing
//! here waits, and with many clients it takes milliseconds: not for a thread that carries bytes.

use super::command::Subject;
use super::table::{Cell, Table};
use crate::proxy::Face;
use crate::proxy::census::{Snapshot, TenantFigures};
use crate::proxy::clients::{Activity, Handle};
use crate::proxy::requests::Setting;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A table; `None` where it is not of the face's own knowledge.
pub fn table(subject: Subject, face: &Face) -> Option<Table> {
    Some(match subject {
        Subject::Help | Subject::Config => return None,
        Subject::Pools => pools(&face.snapshot()),
        Subject::Clients => clients(face),
        Subject::Servers => servers(face),
        Subject::Threads => threads(&face.snapshot()),
        Subject::Tenants => tenants(face),
        Subject::Stats => stats(&face.snapshot()),
        Subject::Totals => totals(&face.snapshot()),
        Subject::Lists => lists(&face.snapshot()),
        Subject::Version => version(),
    })
}

/// The configuration.
pub fn config(settings: Vec<Setting>) -> Table {
    let rows = settings.into_iter().map(|setting| {
        let changeable = if setting.is_reloadable { "yes" } else { "no" };
        vec![setting.key.into(), setting.value.into(), setting.default.into(), changeable.into()]
    });
    Table::new(&["key", "value", "default", "changeable"], rows)
}

fn pools(snapshot: &Snapshot) -> Table {
    let columns = &[
        "tenant",
        "tenant_id",
        "cl_active",
        "cl_waiting",
        "sv_active",
        "sv_idle",
        "maxwait",
        "maxwait_us",
        "paused",
    ];
    let has_any = |t: &&TenantFigures| t.clients + t.lent + t.idle > 0 || t.is_paused;
    let rows = snapshot.tenants.iter().filter(has_any).map(|t| {
        let [seconds, micros] = split(t.longest_wait);
        vec![
            (*t.name).into(),
            t.id.into(),
            (t.clients - t.waiting).into(),
            t.waiting.into(),
            t.lent.into(),
            t.idle.into(),
            seconds,
            micros,
            u64::from(t.is_paused).into(),
        ]
    });
    Table::new(columns, rows)
}

fn clients(face: &Face) -> Table {
    let columns = &[
        "type",
        "user",
        "tenant",
        "tenant_id",
        "state",
        "addr",
        "connect_time",
        "wait",
        "wait_us",
        "transactions",
        "application_name",
        "id",
        "remote_pid",
    ];
    Table::new(columns, face.clients.all().iter().map(|handle| client(handle)))
}

fn client(handle: &Handle) -> Vec<Cell> {
    let [seconds, micros] = split(handle.waiting_time().unwrap_or_default());
    vec![
        "C".into(),
        (*handle.login).into(),
        (*handle.tenant.name()).into(),
        handle.tenant.id.into(),
        state(handle.activity()).into(),
        handle.peer.map_or("unix".to_owned(), |peer| peer.to_string()).into(),
        moment(handle.since).into(),
        seconds,
        micros,
        handle.transactions.load(std::sync::atomic::Ordering::Relaxed).into(),
        (*handle.application).into(),
        i64::from(handle.process_id).into(),
        handle.backend().map(i64::from).into(),
    ]
}

fn state(activity: Activity) -> &'static str {
    match activity {
        Activity::Idle => "idle",
        Activity::Waiting => "waiting",
        Activity::Active => "active",
    }
}

/// Those that run a client's query, and those that nobody holds. One that is being opened, switched or
/// parked is in none of the rows.
fn servers(face: &Face) -> Table {
    let columns = &[
        "type",
        "tenant",
        "tenant_id",
        "state",
        "remote_pid",
        "client_id",
        "thread",
        "connect_time",
        "served_tenants",
        "prepared_statements",
    ];
    let tenants = face.tenants.all();
    let names: HashMap<_, _> = tenants.iter().map(|tenant| (tenant.id, tenant.name())).collect();
    let clients = face.clients.all();
    let active = clients.iter().filter_map(active_server);
    let idle = face
        .links
        .iter()
        .enumerate()
        .flat_map(|(thread, links)| links.idle().into_iter().map(move |idle| (thread, idle)));
    let idle = idle.map(|(thread, idle)| {
        let name = idle.tenant.and_then(|id| names.get(&id)).map(|name| name.to_string());
        let born = SystemTime::now().checked_sub(idle.age).map(moment);
        vec![
            "S".into(),
            name.into(),
            idle.tenant.into(),
            "idle".into(),
            i64::from(idle.process_id).into(),
            Cell::Null,
            thread.into(),
            born.into(),
            idle.served.into(),
            idle.statements.into(),
        ]
    });
    Table::new(columns, active.chain(idle))
}

fn active_server(handle: &Arc<Handle>) -> Option<Vec<Cell>> {
    let backend = handle.backend()?;
    let mut row = vec![
        "S".into(),
        (*handle.tenant.name()).into(),
        handle.tenant.id.into(),
        "active".into(),
        i64::from(backend).into(),
        i64::from(handle.process_id).into(),
    ];
    row.extend([Cell::Null, Cell::Null, Cell::Null, Cell::Null]);
    Some(row)
}

fn threads(snapshot: &Snapshot) -> Table {
    let columns =
        &["thread", "sv_active", "sv_idle", "sv_login", "cl_waiting", "pool_size", "paused"];
    let rows = snapshot.threads.iter().enumerate().map(|(thread, census)| {
        vec![
            thread.into(),
            census.lent.into(),
            census.idle.into(),
            census.opening.into(),
            census.waiting.into(),
            census.size.into(),
            u64::from(census.is_paused).into(),
        ]
    });
    Table::new(columns, rows)
}

fn tenants(face: &Face) -> Table {
    let columns = &[
        "tenant",
        "tenant_id",
        "clients",
        "max_clients",
        "transactions_per_second",
        "transactions",
        "queries",
        "switches",
        "refusals",
        "paused",
    ];
    let limits = face.tenants.limits();
    let rate = limits.transactions_per_second.map_or(0, |rate| u64::from(rate.get()));
    let snapshot = face.snapshot();
    let rows = snapshot.tenants.iter().map(|t| {
        vec![
            (*t.name).into(),
            t.id.into(),
            t.clients.into(),
            limits.clients.into(),
            rate.into(),
            t.transactions.into(),
            t.queries.into(),
            t.switches.into(),
            t.refusals.into(),
            u64::from(t.is_paused).into(),
        ]
    });
    Table::new(columns, rows)
}

/// Names and values of what is counted for a tenant; times in microseconds.
fn counted(t: &TenantFigures) -> [(&'static str, u64); 6] {
    [
        ("total_xact_count", t.transactions),
        ("total_query_count", t.queries),
        ("total_xact_time", micros(t.hold)),
        ("total_wait_time", micros(t.wait)),
        ("total_switch_count", t.switches),
        ("total_refusal_count", t.refusals),
    ]
}

fn stats(snapshot: &Snapshot) -> Table {
    let columns = &[
        "tenant",
        "tenant_id",
        "total_xact_count",
        "total_query_count",
        "total_xact_time",
        "total_wait_time",
        "total_switch_count",
        "total_refusal_count",
    ];
    let rows = snapshot.tenants.iter().map(|t| {
        let numbers = counted(t).map(|(_, number)| number.into());
        [(*t.name).into(), t.id.into()].into_iter().chain(numbers).collect()
    });
    Table::new(columns, rows)
}

fn totals(snapshot: &Snapshot) -> Table {
    let mut sums: Vec<(&str, u64)> = Vec::new();
    for (name, number) in snapshot.tenants.iter().flat_map(counted) {
        match sums.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += number,
            None => sums.push((name, number)),
        }
    }
    let rows = sums.into_iter().map(|(name, sum)| vec![name.into(), sum.into()]);
    Table::new(&["name", "value"], rows)
}

fn lists(snapshot: &Snapshot) -> Table {
    let over = |read: fn(&crate::pool::Census) -> usize| snapshot.threads.iter().map(read).sum();
    let in_or_operating = snapshot.clients + snapshot.operators;
    let items: [(&str, usize); 9] = [
        ("tenants", snapshot.tenants.len()),
        ("threads", snapshot.threads.len()),
        ("used_clients", snapshot.clients),
        ("login_clients", snapshot.connections.saturating_sub(in_or_operating)),
        ("free_clients", snapshot.most_clients.saturating_sub(snapshot.connections)),
        ("operators", snapshot.operators),
        ("used_servers", over(|census| census.lent)),
        ("idle_servers", over(|census| census.idle)),
        ("login_servers", over(|census| census.opening)),
    ];
    let rows = items.into_iter().map(|(list, items)| vec![list.into(), items.into()]);
    Table::new(&["list", "items"], rows)
}

fn version() -> Table {
    let version = format!("tenancy {}", env!("CARGO_PKG_VERSION"));
    Table::new(&["version"], std::iter::once(vec![version.into()]))
}

/// Whole seconds, and the microseconds that are left.
fn split(time: Duration) -> [Cell; 2] {
    [time.as_secs().into(), u64::from(time.subsec_micros()).into()]
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn moment(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
