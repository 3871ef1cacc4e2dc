//! The command line of `tenancy migrate`.

use crate::fleet::migrate::{self, Error};
use clap::{Args, Subcommand};
use std::ffi::OsString;
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

/// Examples for `--help`.
const RUN_EXAMPLES: &str = "\
Examples:
  tenancy migrate run -- bin/rails db:migrate
      The migrations of a framework, which keeps its own record of them in each tenant.
  tenancy migrate run --jobs 8 -- flyway migrate
      Eight tenants at the same time.
  tenancy migrate run --name 2024-06-backfill -- psql -X -v ON_ERROR_STOP=1 -1 -f backfill.sql
      Noted under a name: again, it goes on where it stopped and leaves out tenants that are done.

The command finds the tenant in PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE, and in
DATABASE_URL. TENANCY_TENANT is the tenant's name. Whatever it sends runs in this tenant, as the
tenant's owner role. Its output is shown when it fails.

Exit status: 0 all done, 1 an error before that, 3 tenants failed, 4 paused by Ctrl-C.";

/// Subcommands.
#[derive(Subcommand)]
pub enum Migrate {
    /// Apply migrations to every tenant: canaries first, then waves over several connections
    #[command(after_help = EXAMPLES)]
    Apply(Box<Apply>),
    /// Run a command of any tool once for each tenant, as the tenant's owner
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<Run>),
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

/// Which tenants, how many at a time, and when to stop.
#[derive(Args)]
struct Fleet {
    #[command(flatten)]
    server: Server,
    /// A login of tenancy_migrator with a grant for the tenants, which enters them as their owner: for
    /// commands, and for migrations with CONCURRENTLY
    #[arg(long, value_name = "DSN", env = "TENANCY_MIGRATOR_DSN", hide_env_values = true)]
    migrator_dsn: Option<tokio_postgres::Config>,
    /// Connections, or commands, at work at the same time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Tenants of each template that go first, before all others; a failure there stops
    #[arg(long, default_value_t = 1)]
    canary: usize,
    /// Tenants per wave after that
    #[arg(long, default_value_t = 1000)]
    wave: usize,
    /// Go on until more tenants than this have failed
    #[arg(long, default_value_t = 0)]
    max_failures: usize,
    /// Only tenants whose names match this pattern, such as 'eu-*' (repeatable)
    #[arg(long, value_name = "PATTERN")]
    only: Vec<glob::Pattern>,
    /// No tenants whose names match this pattern (repeatable)
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<glob::Pattern>,
}

/// What and how.
#[derive(Args)]
pub struct Apply {
    /// A file, or a folder of .sql files; without it, what is registered already
    path: Option<PathBuf>,
    #[command(flatten)]
    fleet: Fleet,
    /// Register the files for the tenants of this template alone
    #[arg(long)]
    template: Option<String>,
    /// Tenants per transaction; one that fails is retried tenant by tenant
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: u16,
    /// How long a statement waits for a lock before the tenant is tried again later
    #[arg(long, default_value = "2s", value_parser = humantime::parse_duration)]
    lock_timeout: Duration,
    /// How often a tenant is tried again after a lock timeout, a deadlock or a lost connection
    #[arg(long, default_value_t = 5)]
    retries: u32,
    /// Apply to the first tenant that lacks something, in a transaction that is rolled back
    #[arg(long)]
    dry_run: bool,
}

/// Which command.
#[derive(Args)]
pub struct Run {
    #[command(flatten)]
    fleet: Fleet,
    /// Note under this name on which tenants it has succeeded, and leave these out
    #[arg(long)]
    name: Option<String>,
    /// Keep each command's output in DIR/TENANT.log
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
    /// The command and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

impl Migrate {
    /// Does it.
    pub async fn run(self) -> Result<(), Error> {
        match self {
            Self::Apply(apply) => migrate::apply(apply.options()).await,
            Self::Run(run) => {
                let Run { fleet, name, logs, command } = *run;
                migrate::run(fleet.options(), migrate::Run { argv: command, name, logs }).await
            }
            Self::Status(server) => migrate::status(&server.dsn).await,
        }
    }
}

impl Fleet {
    fn options(self) -> migrate::Options {
        migrate::Options {
            server: self.server.dsn,
            migrator: self.migrator_dsn,
            jobs: self.jobs.into(),
            canary: self.canary,
            wave: self.wave,
            max_failures: self.max_failures,
            only: self.only,
            exclude: self.exclude,
            ..migrate::Options::default()
        }
    }
}

impl Apply {
    fn options(self) -> migrate::Options {
        migrate::Options {
            path: self.path,
            template: self.template,
            batch: self.batch.into(),
            lock_timeout: self.lock_timeout,
            retries: self.retries,
            dry_run: self.dry_run,
            ..self.fleet.options()
        }
    }
}
