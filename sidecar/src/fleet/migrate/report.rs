//! What came of a migration: a progress bar on a terminal, plain lines elsewhere, and at the end the
//! tenants that failed, with their errors.

use indicatif::{ProgressBar, ProgressStyle};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

const BAR: &str = "{prefix} [{bar:30}] {pos}/{len} tenants  {per_sec}  {eta} left  {msg}";

/// What is known so far.
pub struct Report {
    bar: ProgressBar,
    /// What stands above the reasons in the table of failures.
    reasons: &'static str,
    started: Instant,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    done: usize,
    stage: String,
    /// Tenant, SQLSTATE or exit status, message.
    failures: Vec<[String; 3]>,
}

impl Report {
    /// Nothing yet.
    pub fn new(reasons: &'static str) -> Self {
        let bar = ProgressBar::no_length();
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        Self { bar, reasons, started: Instant::now(), seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stage begins.
    pub fn begin(&self, upto: &str, tenants: usize) {
        self.seen().stage = upto.to_owned();
        self.bar.reset();
        self.bar.set_length(tenants as u64);
        self.bar.set_prefix(upto.to_owned());
    }

    /// So many tenants more are done.
    pub fn done(&self, tenants: usize) {
        self.seen().done += tenants;
        self.bar.inc(tenants as u64);
    }

    /// A tenant failed; how many have.
    pub fn failed(&self, tenant: &str, code: &str, message: &str) -> usize {
        let mut seen = self.seen();
        seen.failures.push([tenant, code, message].map(str::to_owned));
        self.bar.set_message(format!("{} failed", seen.failures.len()));
        seen.failures.len()
    }

    /// How many tenants failed.
    pub fn failures(&self) -> usize {
        self.seen().failures.len()
    }

    /// Whether a tenant did.
    pub fn has_failed(&self, tenant: &str) -> bool {
        self.seen().failures.iter().any(|failure| failure[0] == tenant)
    }

    /// A word to whoever looks on.
    pub fn say(&self, text: &str) {
        if self.bar.is_hidden() { eprintln!("{text}") } else { self.bar.println(text) }
    }

    /// A wave has ended: a line where there is no bar.
    pub fn wave_ended(&self) {
        if self.bar.is_hidden() {
            let (at, of) = (self.bar.position(), self.bar.length().unwrap_or(0));
            let seen = self.seen();
            eprintln!("{}: {at}/{of} tenants, {} failed", seen.stage, seen.failures.len());
        }
    }

    /// No more is coming.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
        let (seen, took) = (self.seen(), self.started.elapsed().as_secs_f64());
        print_table(["tenant", self.reasons, "message"], &seen.failures);
        let rate = seen.done as f64 / took.max(0.001);
        println!(
            "{} migrated in {took:.2} s ({rate:.0}/s), {} failed",
            seen.done,
            seen.failures.len()
        );
    }
}

fn print_table<const N: usize>(head: [&str; N], rows: &[[String; N]]) {
    if rows.is_empty() {
        return;
    }
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let print = |cells: [&str; N]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        println!("{}", padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    print(head);
    for row in rows {
        print(std::array::from_fn(|column| row[column].as_str()));
    }
}

/// Prints where the fleet stands.
pub fn print_status(counts: &[(String, [i64; 3])], failures: &[[String; 3]]) {
    let rows: Vec<[String; 4]> = counts
        .iter()
        .map(|(name, [done, failed, lacking])| {
            [name.clone(), done.to_string(), failed.to_string(), lacking.to_string()]
        })
        .collect();
    if rows.is_empty() {
        println!("no migrations are registered");
    }
    print_table(["migration", "done", "failed", "lacking"], &rows);
    if !failures.is_empty() {
        println!();
        print_table(["tenant", "SQLSTATE", "message"], failures);
    }
}
