//! `tenancy migrate run`: a command of any tool, once for each tenant. It connects as to any server,
//! through a door that leads into one tenant, where it is the tenant's owner and nobody else.

mod child;
mod door;
mod guest;
mod target;

use super::crew::{Crew, Member};
use super::registry::{Lacking, Registry, Stage, Way};
use super::report::Report;
use super::work::revive;
use super::{Error, GOES_ON, Options, canaries, waves};
use crate::fleet::described;
use crate::pool::Address;
use crate::shutdown::Signals;
use child::Ended;
use door::Door;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_postgres::Client;

const BEGIN: &str = "SELECT tenancy.command_begin($1, $2)";
const END: &str = "SELECT tenancy.command_end($1, $2, $3)";
/// For commands that are told to end, and for the server to end what they had it do.
const GRACE: Duration = Duration::from_secs(15);

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Run {
    /// Program and arguments.
    pub argv: Vec<OsString>,
    /// The name under which it is noted on which tenants it has succeeded.
    pub name: Option<String>,
    /// Where the output of each is kept.
    pub logs: Option<PathBuf>,
}

/// The same, made ready.
pub struct Command {
    argv: Vec<OsString>,
    name: Option<String>,
    logs: child::Logs,
    server: Address,
    /// The tenants that are not done.
    left: Mutex<BTreeSet<String>>,
}

impl Command {
    fn left(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the command for each tenant that is in service and has not had it.
pub async fn run(options: Options, run: Run) -> Result<(), Error> {
    let server = target::address(options.migrator.as_ref())?;
    let registry = Registry::connect(&options.server, options.lock_timeout).await?;
    let tenants = chosen(&registry, &options, run.name.as_deref()).await?;
    if tenants.is_empty() {
        println!("nothing to do");
        return Ok(());
    }
    let left = tenants.iter().map(|t| t.tenant.clone()).collect();
    let Run { argv, name, logs } = run;
    let logs = child::Logs::open(logs)?;
    let command = Arc::new(Command { argv, name, logs, server, left: Mutex::new(left) });
    let report = Arc::new(Report::new("exit"));
    let crew = Crew::new(options, report.clone(), Signals::listen()?, GRACE);
    let outcome = everywhere(&crew, tenants, &command).await;
    report.finish();
    outcome?;
    verdict(&crew, &command)
}

async fn chosen(
    registry: &Registry,
    options: &Options,
    name: Option<&str>,
) -> Result<Vec<Lacking>, Error> {
    let mut all = registry.without(name).await?;
    all.retain(|(tenant, _)| options.wants(&tenant.tenant));
    let (inside, out): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, s)| s == "active");
    for (tenant, status) in out {
        eprintln!("{}: left out, for it is {status}", tenant.tenant);
    }
    Ok(inside.into_iter().map(|(tenant, _)| tenant).collect())
}

async fn everywhere(
    crew: &Crew,
    tenants: Vec<Lacking>,
    command: &Arc<Command>,
) -> Result<(), Error> {
    let program = || command.argv.first().map(|p| p.to_string_lossy().into_owned());
    let title = command.name.clone().or_else(program).unwrap_or_default();
    let stage = Stage { upto: title, names: Vec::new(), way: Way::Command(command.clone()) };
    let rest = canaries(crew, tenants, &stage).await?;
    waves(crew, &rest, &stage).await
}

fn verdict(crew: &Crew, command: &Command) -> Result<(), Error> {
    let left = command.left();
    if left.is_empty() {
        return Ok(());
    }
    let hint = match &command.name {
        Some(_) => GOES_ON.to_owned(),
        None => {
            let only: Vec<String> = left.iter().map(|name| format!("--only {name}")).collect();
            format!("not done; for these alone: {}", only.join(" "))
        }
    };
    if crew.is_paused() {
        return Err(Error::Paused(hint));
    }
    let failed = crew.report.failures();
    Err(Error::Failed(format!("tenants failed: {failed}, not done: {}\nHINT: {hint}", left.len())))
}

/// Runs it for tenants, one by one.
pub async fn tenants(
    member: &Member,
    client: &mut Client,
    tenants: &[Lacking],
    command: &Command,
) -> Result<(), Error> {
    for Lacking { tenant, .. } in tenants {
        match one(member, client, tenant, command).await {
            Ok(Ended::Well) => {
                command.left().remove(tenant);
                member.report.done(1);
            }
            Ok(Ended::Badly { status, output }) => {
                let last = output.last().map_or("", String::as_str);
                let lines = output.iter().map(|line| format!("\n  | {line}")).collect::<String>();
                member.report.say(&format!("{tenant}: exit {status}{lines}"));
                member.failed(tenant, &status, last);
            }
            Err(Error::Server(error)) => {
                revive(member, client).await?;
                member.failed(tenant, "-", &described(&error));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// The tenant is kept for the registry's session `client` while the command runs.
async fn one(
    member: &Member,
    client: &Client,
    tenant: &str,
    command: &Command,
) -> Result<Ended, Error> {
    let begun: bool = client.query_one(BEGIN, &[&tenant, &command.name]).await?.try_get(0)?;
    if !begun {
        return Ok(Ended::Well);
    }
    let door = Door::open(&command.server, tenant).await?;
    let ended = child::run(command, &door, tenant, member.ended()).await;
    // Before the tenant is let go, nothing of the command is at work in it any more.
    door.close().await;
    let well = matches!(ended, Ok(Ended::Well));
    client.query(END, &[&tenant, &well, &command.name]).await?;
    ended
}
