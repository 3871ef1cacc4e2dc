//! Refusals on their way into the audit trail: out of the reach of the transaction that was
//! refused, in shared memory, until a worker writes them. Equal ones become one with a count. What
//! waits at a crash of the server is lost; the lines in the log remain.

use super::refusals;
use crate::ffi::alarm_memory::{self, Entry, Queue};
use crate::ffi::backend;
use crate::ffi::workers::{self, Work};
use tenancy_core::alarm::cut;

/// A writer that was not seen for so long is gone (microseconds).
const GONE: i64 = 10_000_000;

/// A refusal as the audit trail tells it.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// When it was first, in microseconds since PostgreSQL's epoch.
    pub at: i64,
    /// The tenant, 0 for none.
    pub tenant: i64,
    /// How often.
    pub count: u64,
    /// SQLSTATE.
    pub code: String,
    /// Who.
    pub login: String,
    /// What.
    pub subject: String,
}

fn fixed<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let text = cut(text, N).as_bytes();
    bytes[..text.len()].copy_from_slice(text);
    bytes
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Hands a refusal over, and has a writer started when there is none. Never raises.
pub fn hand_over(tenant: i64, code: &str, login: &str, subject: &str) {
    if !workers::can_write() || backend::database() == 0 {
        return refusals::count_unaudited(tenant, 1);
    }
    let entry = Entry {
        at: backend::now(),
        tenant,
        count: 1,
        database: backend::database(),
        code: fixed(code),
        login: fixed(login),
        subject: fixed(subject),
    };
    let start = alarm_memory::with_queue(|queue| {
        add(queue, entry);
        claim_writer(queue)
    });
    if start == Some(true) {
        // Without a place for a worker, the claim expires and the next refusal tries again.
        workers::start(Work::Audit);
    }
}

fn add(queue: &mut Queue, entry: Entry) {
    let same = |e: &&mut Entry| {
        (e.database, e.tenant, e.code) == (entry.database, entry.tenant, entry.code)
            && e.login == entry.login
            && e.subject == entry.subject
    };
    if let Some(waiting) = queue.entries().iter_mut().find(same) {
        waiting.count += 1;
    } else if refusals::admit_row(entry.tenant) && !queue.push(entry) {
        refusals::count_unaudited(entry.tenant, 1);
    }
}

/// Whether a writer for this database must be started: there is none.
fn claim_writer(queue: &mut Queue) -> bool {
    let (database, now) = (backend::database(), backend::now());
    let own = queue.writers.iter_mut().find(|w| w.database == database);
    if let Some(writer) = own {
        let gone = now - writer.seen > GONE;
        if gone {
            writer.seen = now;
        }
        return gone;
    }
    let free = queue.writers.iter_mut().find(|w| w.database == 0 || now - w.seen > GONE);
    if let Some(writer) = free {
        (writer.database, writer.seen) = (database, now);
        return true;
    }
    false
}

/// Takes what waits for this database. Counted as untold until `told`.
pub fn take() -> Vec<Refusal> {
    let database = backend::database();
    let taken = alarm_memory::with_queue(|queue| {
        if let Some(writer) = queue.writers.iter_mut().find(|w| w.database == database) {
            writer.seen = backend::now();
        }
        queue.take(database)
    });
    let taken = taken.unwrap_or_default();
    taken.iter().for_each(|e| refusals::count_unaudited(e.tenant, e.count));
    taken.iter().map(refusal).collect()
}

fn refusal(entry: &Entry) -> Refusal {
    Refusal {
        at: entry.at,
        tenant: entry.tenant,
        count: entry.count,
        code: text(&entry.code),
        login: text(&entry.login),
        subject: text(&entry.subject),
    }
}

/// The writer ends, unless `forced` is false and there is more to write. Whether it may.
pub fn retire(forced: bool) -> bool {
    let database = backend::database();
    let retired = alarm_memory::with_queue(|queue| {
        let more = queue.entries().iter().any(|entry| entry.database == database);
        if more && !forced {
            return false;
        }
        let own = queue.writers.iter_mut().filter(|w| w.database == database);
        own.for_each(|writer| writer.database = 0);
        true
    });
    retired.unwrap_or(true)
}
