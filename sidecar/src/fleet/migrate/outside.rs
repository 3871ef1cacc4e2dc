//! Migrations that cannot run in a transaction: the registry gives out each statement and keeps the
//! tenant, a second connection runs it inside the tenant as its owner.

use super::Error;
use super::crew::Member;
use super::registry::{Lacking, Stage, open};
use super::work::{Kind, kind, note, pause, report, revive};
use tokio_postgres::{Client, Config, Error as ServerError};

const STEP: &str = "SELECT tenancy.migration_step($1, $2, $3)";
const ENTER: &str = "SELECT tenancy.enter($1, \"as\" => 'owner')";

/// What went wrong.
enum Trouble {
    /// The registry did not give out a statement: somebody else is at the tenant, or what an earlier
    /// attempt has left cannot be removed yet.
    Registry(ServerError),
    /// The statement failed, and has left at most what the registry removes before the next attempt.
    Statement(ServerError),
    /// Nobody saw the statement's end; it may yet come to a good one.
    Unseen(ServerError),
}

/// Migrates tenants one by one.
pub async fn tenants(
    member: &Member,
    client: &mut Client,
    tenants: &[Lacking],
    stage: &Stage,
) -> Result<(), Error> {
    let Some(migrator) = &member.options.migrator else { return Ok(()) };
    for tenant in tenants.iter().filter(|t| t.migration == stage.upto) {
        one(member, client, migrator, (&tenant.tenant, &stage.upto)).await?;
    }
    Ok(())
}

async fn one(
    member: &Member,
    client: &mut Client,
    migrator: &Config,
    (tenant, migration): (&str, &str),
) -> Result<(), Error> {
    let mut attempt = 0;
    loop {
        let Err(trouble) = steps(client, migrator, tenant, migration).await else {
            member.report.done(1);
            return Ok(());
        };
        revive(member, client).await?;
        let may_pass = attempt < member.options.retries && !member.is_stopped();
        match trouble {
            Trouble::Registry(error) if matches!(kind(&error), Kind::Gone) => return Ok(()),
            Trouble::Statement(error) if !may_pass || matches!(kind(&error), Kind::Final) => {
                return note(member, client, tenant, &error).await;
            }
            // Not noted as failed: the registry still has it as running, and looks at what became of
            // it before the next attempt.
            Trouble::Registry(error) | Trouble::Unseen(error) if !may_pass => {
                report(member, tenant, &error);
                return Ok(());
            }
            _ => {
                attempt += 1;
                pause(attempt).await;
            }
        }
    }
}

async fn steps(
    client: &Client,
    migrator: &Config,
    tenant: &str,
    migration: &str,
) -> Result<(), Trouble> {
    let Some(mut statement) = step(client, tenant, migration, false).await? else { return Ok(()) };
    // A connection of its own for each tenant: it ends, and with it the context.
    let owner = open(migrator).await.map_err(ended)?;
    owner.query(ENTER, &[&tenant]).await.map_err(ended)?;
    loop {
        owner.batch_execute(&statement).await.map_err(ended)?;
        match step(client, tenant, migration, true).await? {
            Some(next) => statement = next,
            None => return Ok(()),
        }
    }
}

/// Whether the server has told how a statement ended, or went away over it.
fn ended(error: ServerError) -> Trouble {
    match error.as_db_error() {
        Some(db) if !db.code().code().starts_with("57P") => Trouble::Statement(error),
        _ => Trouble::Unseen(error),
    }
}

async fn step(
    client: &Client,
    tenant: &str,
    migration: &str,
    done: bool,
) -> Result<Option<String>, Trouble> {
    let row = client.query_one(STEP, &[&tenant, &migration, &done]).await;
    row.and_then(|row| row.try_get(0)).map_err(Trouble::Registry)
}
