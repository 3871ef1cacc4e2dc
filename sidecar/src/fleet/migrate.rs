//! `tenancy migrate`: brings every tenant up to date, in waves of batches over several connections.
//! All state is in the registry, so that a command which was stopped, or has died, goes on where it
//! stopped when it is run again.

mod command;
mod crew;
mod error;
mod files;
mod outside;
mod registry;
mod report;
mod work;

pub use command::{Run, run};
pub use error::Error;

use crate::shutdown::Signals;
use crew::Crew;
use registry::{Lacking, Registry, Stage, Way};
use report::Report;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Config;

const NO_MIGRATOR: &str = "runs outside of a transaction, for which --migrator-dsn is needed\n\
    HINT: Give a login of role tenancy_migrator that tenancy.grant_login(login, '*') has let in.";

const GOES_ON: &str = "run the same command again to go on where it stopped";

/// What is to be done, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The server, and an administrator's login.
    pub server: Config,
    /// A login that may enter tenants as their owner, for what runs outside of transactions.
    pub migrator: Option<Config>,
    /// A file or a folder of files; without one, what is registered.
    pub path: Option<PathBuf>,
    /// The template whose tenants the files are for.
    pub template: Option<String>,
    /// Connections at work.
    pub jobs: usize,
    /// Tenants per transaction.
    pub batch: usize,
    /// Tenants of each template that go first.
    pub canary: usize,
    /// Tenants per wave after that.
    pub wave: usize,
    /// How many tenants may fail.
    pub max_failures: usize,
    /// How long a statement waits for a lock.
    pub lock_timeout: Duration,
    /// How often a tenant is tried again after a lock timeout, a deadlock or a lost connection.
    pub retries: u32,
    /// Only tenants whose names match one of these, when there are any.
    pub only: Vec<glob::Pattern>,
    /// No tenants whose names match one of these.
    pub exclude: Vec<glob::Pattern>,
    /// Try it on one tenant and roll back.
    pub dry_run: bool,
}

impl Options {
    fn wants(&self, tenant: &str) -> bool {
        let matches = |patterns: &[glob::Pattern]| patterns.iter().any(|p| p.matches(tenant));
        (self.only.is_empty() || matches(&self.only)) && !matches(&self.exclude)
    }

    fn is_for_all(&self) -> bool {
        self.only.is_empty() && self.exclude.is_empty()
    }
}

/// Applies migrations to the fleet.
pub async fn apply(options: Options) -> Result<(), Error> {
    let files = options.path.as_deref().map(files::read).transpose()?.unwrap_or_default();
    let mut registry = Registry::connect(&options.server, options.lock_timeout).await?;
    if options.dry_run {
        return dry_run(&mut registry, &files, &options).await;
    }
    let upto = registry.register(&files, options.template.as_deref()).await?;
    let tenants = registry.lacking(upto.as_deref()).await?;
    let templates = if options.is_for_all() {
        registry.templates_behind(upto.as_deref()).await?
    } else {
        Vec::new()
    };
    if !tenants.iter().any(|t| options.wants(&t.tenant)) && templates.is_empty() {
        println!("nothing to do");
        return Ok(());
    }
    let signals = Signals::listen()?;
    let report = Arc::new(Report::new("SQLSTATE"));
    let crew = Crew::new(options, report.clone(), signals, Duration::ZERO);
    let outcome = stages(&mut registry, &crew, upto.as_deref()).await;
    report.finish();
    outcome?;
    verdict(&report)
}

fn verdict(report: &Report) -> Result<(), Error> {
    match report.failures() {
        0 => Ok(()),
        count => Err(Error::Failed(format!(
            "tenants failed: {count}; each is as it was before\nHINT: tenancy migrate status shows them; \
             mend them and run the same command again, which goes on where it stopped"
        ))),
    }
}

/// Neighbouring migrations that run in transactions go together; each other is a stage of its own.
async fn stages(registry: &mut Registry, crew: &Crew, upto: Option<&str>) -> Result<(), Error> {
    for stage in registry.stages(upto).await? {
        if matches!(stage.way, Way::Outside) && crew.options.migrator.is_none() {
            return Err(Error::Usage(format!("{}: {NO_MIGRATOR}", stage.upto)));
        }
        registry.revive(crew).await?;
        let mut tenants = registry.lacking(Some(&stage.upto)).await?;
        tenants.retain(|t| crew.options.wants(&t.tenant) && !crew.report.has_failed(&t.tenant));
        let rest = canaries(crew, tenants, &stage).await?;
        if !crew.is_stopped() && crew.options.is_for_all() {
            registry.revive(crew).await?;
            registry.migrate_templates(&stage).await?;
        }
        waves(crew, &rest, &stage).await?;
        if crew.is_stopped() {
            break;
        }
    }
    if crew.is_paused() { Err(Error::Paused(GOES_ON.to_owned())) } else { Ok(()) }
}

/// The tenants that go first; gives back the others.
async fn canaries(
    crew: &Crew,
    tenants: Vec<Lacking>,
    stage: &Stage,
) -> Result<Vec<Lacking>, Error> {
    crew.report.begin(&stage.upto, tenants.len());
    let (canaries, rest) = split_canaries(tenants, crew.options.canary);
    crew.wave(&canaries, stage).await?;
    if !canaries.is_empty() && crew.report.failures() > 0 {
        crew.stop();
        crew.report.say("the canary wave failed: no other tenant was touched");
    }
    Ok(rest)
}

async fn waves(crew: &Crew, tenants: &[Lacking], stage: &Stage) -> Result<(), Error> {
    for wave in tenants.chunks(crew.options.wave.max(1)) {
        crew.wave(wave, stage).await?;
    }
    Ok(())
}

/// The first tenants of each template, and the others. Those that failed last time come last: they
/// tell nothing of how it goes elsewhere.
fn split_canaries(mut tenants: Vec<Lacking>, canary: usize) -> (Vec<Lacking>, Vec<Lacking>) {
    let mut seen = std::collections::HashMap::new();
    tenants.sort_by_key(|tenant| tenant.has_failed);
    tenants.into_iter().partition(|tenant| {
        let count = seen.entry(tenant.template.clone()).or_insert(0_usize);
        *count += 1;
        *count <= canary && !tenant.has_failed
    })
}

/// Registers and migrates one tenant in a transaction that is rolled back.
async fn dry_run(
    registry: &mut Registry,
    files: &[files::File],
    options: &Options,
) -> Result<(), Error> {
    registry.begin().await?;
    let upto = registry.register(files, options.template.as_deref()).await?;
    let lacking = registry.lacking(upto.as_deref()).await?;
    let Some(tenant) = lacking.into_iter().find(|t| options.wants(&t.tenant)) else {
        println!("nothing to do");
        return registry.roll_back().await;
    };
    for stage in registry.stages(upto.as_deref()).await? {
        if matches!(stage.way, Way::Outside) {
            println!("{}: runs outside of a transaction, not tried", stage.upto);
            break;
        }
        let applied = registry.migrate_tenant(&tenant.tenant, &stage.upto).await?;
        println!("up to {}: {applied} applied to tenant {}", stage.upto, tenant.tenant);
    }
    registry.roll_back().await?;
    println!("rolled back: nothing is registered, nothing has changed");
    Ok(())
}

/// Prints where the fleet stands.
pub async fn status(server: &Config) -> Result<(), Error> {
    let registry = Registry::connect(server, Duration::ZERO).await?;
    report::print_status(&registry.counts().await?, &registry.failures().await?);
    Ok(())
}
