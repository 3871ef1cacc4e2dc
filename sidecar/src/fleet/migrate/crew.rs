//! The workers of a wave: they share a queue of batches, and stop when told to.

use super::registry::{Lacking, Stage, Way};
use super::report::Report;
use super::{Error, Options, command, outside, work};
use crate::shutdown::{self, Signals};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_postgres::Client;

/// Who does the work, and when they stop.
pub struct Crew {
    /// How.
    pub options: Arc<Options>,
    /// What came of it.
    pub report: Arc<Report>,
    flags: Arc<Flags>,
    /// Connections of workers that rest between two waves.
    resting: Mutex<Vec<Client>>,
}

#[derive(Default)]
struct Flags {
    stopped: AtomicBool,
    paused: AtomicBool,
    /// Commands under way are to end.
    ended: watch::Sender<bool>,
}

/// What a worker needs of the crew.
pub struct Member {
    /// How.
    pub options: Arc<Options>,
    /// What came of it.
    pub report: Arc<Report>,
    flags: Arc<Flags>,
    queue: Arc<Mutex<VecDeque<Vec<Lacking>>>>,
}

impl Crew {
    /// A crew that pauses at the first signal, and ends `grace` after the second.
    pub fn new(
        options: Options,
        report: Arc<Report>,
        mut signals: Signals,
        grace: Duration,
    ) -> Self {
        let flags = Arc::new(Flags::default());
        let (seen, told) = (flags.clone(), report.clone());
        tokio::spawn(async move {
            signals.next().await;
            seen.paused.store(true, Ordering::Relaxed);
            seen.stopped.store(true, Ordering::Relaxed);
            told.say("stopping after what is under way; once more to stop at once");
            signals.next().await;
            seen.ended.send_replace(true);
            tokio::time::sleep(grace).await;
            shutdown::at_once();
        });
        Self { options: Arc::new(options), report, flags, resting: Mutex::default() }
    }

    /// Takes no more batches.
    pub fn stop(&self) {
        self.flags.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether no more batches are taken.
    pub fn is_stopped(&self) -> bool {
        self.flags.stopped.load(Ordering::Relaxed)
    }

    /// Whether a signal was the reason.
    pub fn is_paused(&self) -> bool {
        self.flags.paused.load(Ordering::Relaxed)
    }

    /// Migrates some tenants; returns when all are done or the crew has stopped.
    pub async fn wave(&self, tenants: &[Lacking], stage: &Stage) -> Result<(), Error> {
        if tenants.is_empty() || self.is_stopped() {
            return Ok(());
        }
        let size = match stage.way {
            Way::Transactions => self.options.batch.max(1),
            Way::Outside | Way::Command(_) => 1,
        };
        let batches: VecDeque<_> = tenants.chunks(size).map(<[Lacking]>::to_vec).collect();
        let jobs = self.options.jobs.clamp(1, batches.len());
        let queue = Arc::new(Mutex::new(batches));
        let mut workers = JoinSet::new();
        for _ in 0..jobs {
            let client = match take(&self.resting) {
                Some(client) => client,
                None => work::connect_patiently(&self.options, || self.is_stopped()).await?,
            };
            let member = Member {
                options: self.options.clone(),
                report: self.report.clone(),
                flags: self.flags.clone(),
                queue: queue.clone(),
            };
            let stage = stage.clone();
            workers.spawn(async move { member.work(client, &stage).await });
        }
        while let Some(ended) = workers.join_next().await {
            let client = ended.map_err(std::io::Error::other)??;
            self.resting.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
        self.report.wave_ended();
        Ok(())
    }
}

fn take(resting: &Mutex<Vec<Client>>) -> Option<Client> {
    resting.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

impl Member {
    /// Whether no more is to be begun.
    pub fn is_stopped(&self) -> bool {
        self.flags.stopped.load(Ordering::Relaxed)
    }

    /// Comes when what is under way is to end.
    pub fn ended(&self) -> watch::Receiver<bool> {
        self.flags.ended.subscribe()
    }

    /// Notes a tenant that failed; stops the crew when these are too many.
    pub fn failed(&self, tenant: &str, code: &str, message: &str) {
        if self.report.failed(tenant, code, message) > self.options.max_failures {
            self.flags.stopped.store(true, Ordering::Relaxed);
        }
    }

    async fn work(&self, mut client: Client, stage: &Stage) -> Result<Client, Error> {
        while !self.is_stopped() {
            let next = self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(batch) = next else { break };
            match &stage.way {
                Way::Transactions => work::batch(self, &mut client, &batch, stage).await?,
                Way::Outside => outside::tenants(self, &mut client, &batch, stage).await?,
                Way::Command(command) => {
                    command::tenants(self, &mut client, &batch, command).await?;
                }
            }
        }
        Ok(client)
    }
}
