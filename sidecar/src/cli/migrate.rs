//! The command line of `tenancy migrate`.

use crate::fleet::migrate::{self, Error};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Examples for `--help`.
pub const EXAMPLES: &str = "\
Examples:
  export TENANCY_ADMIN_DSN=postgres://alice@127.0.0.1:5432/app
  tenancy migrate apply migrations/ --dry-run
      Try on one tenant what it lacks of the files in a folder, and roll back.
  tenancy migrate apply migrations/
      Register the files in the order of their names and bring every tenant up to date.
  tenancy migrate apply 0007_due.sql --only 'eu-*' --exclude eu-acme
      One file, for some tenants.
  tenancy migrate apply --jobs 8 --max-failures 20
      What is registered, over eight connections; go on past twenty tenants that fail.
  tenancy migrate status
      Which migrations how many tenants have, and the errors of those that failed.

Exit status: 0 all done, 1 an error before that, 3 tenants failed, 4 paused by Ctrl-C.";

/// Subcommands.
#[derive(Subcommand)]
pub enum Migrate {
    /// Apply migrations to every tenant: canaries first, then waves over several connections
    #[command(after_help = EXAMPLES)]
    Apply(Box<Apply>),
    /// Show where the fleet stands
    #[command(after_help = EXAMPLES)]
    Status(Box<Server>),
}

/// Where.
#[derive(Args)]
pub struct Server {
    /// Server and login, a member of tenancy_admin: a URL or key=value pairs
    #[arg(long, value_name = "DSN", env = "TENANCY_ADMIN_DSN", hide_env_values = true)]
    dsn: tokio_postgres::Config,
}

/// What and how.
#[derive(Args)]
pub struct Apply {
    /// A file, or a folder of .sql files; without it, what is registered already
    path: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
    /// A login of tenancy_migrator with a grant for the tenants, for migrations with CONCURRENTLY
    #[arg(long, value_name = "DSN", env = "TENANCY_MIGRATOR_DSN", hide_env_values = true)]
    migrator_dsn: Option<tokio_postgres::Config>,
    /// Register the files for the tenants of this template alone
    #[arg(long)]
    template: Option<String>,
    /// Connections at work at the same time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Tenants per transaction; one that fails is retried tenant by tenant
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: u16,
    /// Tenants of each template that go first, before all others; a failure there stops
    #[arg(long, default_value_t = 1)]
    canary: usize,
    /// Tenants per wave after that
    #[arg(long, default_value_t = 1000)]
    wave: usize,
    /// Go on until more tenants than this have failed
    #[arg(long, default_value_t = 0)]
    max_failures: usize,
    /// How long a statement waits for a lock before the tenant is tried again later
    #[arg(long, default_value = "2s", value_parser = humantime::parse_duration)]
    lock_timeout: Duration,
    /// How often a tenant is tried again after a lock timeout, a deadlock or a lost connection
    #[arg(long, default_value_t = 5)]
    retries: u32,
    /// Only tenants whose names match this pattern, such as 'eu-*' (repeatable)
    #[arg(long, value_name = "PATTERN")]
    only: Vec<glob::Pattern>,
    /// No tenants whose names match this pattern (repeatable)
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<glob::Pattern>,
    /// Apply to the first tenant that lacks something, in a transaction that is rolled back
    #[arg(long)]
    dry_run: bool,
}

impl Migrate {
    /// Does it.
    pub async fn run(self) -> Result<(), Error> {
        match self {
            Self::Apply(apply) => migrate::apply(apply.options()).await,
            Self::Status(server) => migrate::status(Apply::at(*server).options()).await,
        }
    }
}

impl Apply {
    /// The defaults for what reads only.
    fn at(server: Server) -> Self {
        Self {
            path: None,
            server,
            migrator_dsn: None,
            template: None,
            jobs: 1,
            batch: 1,
            canary: 0,
            wave: 1,
            max_failures: 0,
            lock_timeout: Duration::from_secs(2),
            retries: 0,
            only: Vec::new(),
            exclude: Vec::new(),
            dry_run: false,
        }
    }

    fn options(self) -> migrate::Options {
        migrate::Options {
            server: self.server.dsn,
            migrator: self.migrator_dsn,
            path: self.path,
            template: self.template,
            jobs: self.jobs.into(),
            batch: self.batch.into(),
            canary: self.canary,
            wave: self.wave,
            max_failures: self.max_failures,
            lock_timeout: self.lock_timeout,
            retries: self.retries,
            only: self.only,
            exclude: self.exclude,
            dry_run: self.dry_run,
        }
    }
}
