//! Migrations that cannot run in a transaction: the registry gives out each statement and keeps the
//! tenant, a second connection runs it inside the tenant as its owner.

use super::Error;
use super::crew::Member;
use super::registry::{Lacking, Stage, open};
use super::work::{note, revive};
use tokio_postgres::{Client, Error as ServerError};

const STEP: &str = "SELECT tenancy.migration_step($1, $2, $3)";
const ENTER: &str = "SELECT tenancy.enter($1, \"as\" => 'owner')";

/// Migrates tenants one by one.
pub async fn tenants(
    member: &Member,
    client: &mut Client,
    tenants: &[Lacking],
    stage: &Stage,
) -> Result<(), Error> {
    for tenant in tenants.iter().filter(|t| t.migration == stage.upto) {
        let name = &tenant.tenant;
        match steps(member, client, name, &stage.upto).await {
            Ok(()) => member.report.done(1),
            Err(Error::Server(error)) => {
                revive(member, client).await?;
                note(member, client, name, &error).await?;
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

async fn steps(
    member: &Member,
    client: &Client,
    tenant: &str,
    migration: &str,
) -> Result<(), Error> {
    let Some(mut statement) = step(client, tenant, migration, false).await? else { return Ok(()) };
    // A connection of its own for each tenant: it ends, and with it the context.
    let Some(migrator) = &member.options.migrator else { return Ok(()) };
    let owner = open(migrator).await?;
    owner.query(ENTER, &[&tenant]).await?;
    loop {
        owner.batch_execute(&statement).await?;
        match step(client, tenant, migration, true).await? {
            Some(next) => statement = next,
            None => return Ok(()),
        }
    }
}

async fn step(
    client: &Client,
    tenant: &str,
    migration: &str,
    done: bool,
) -> Result<Option<String>, ServerError> {
    client.query_one(STEP, &[&tenant, &migration, &done]).await?.try_get(0)
}
