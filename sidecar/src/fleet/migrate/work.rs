//! One batch of tenants in one transaction; when it fails, its tenants one by one, so that one bad
//! tenant fails alone. What may pass by waiting is tried again, later each time.

use super::crew::Member;
use super::registry::{Lacking, Stage, connect};
use super::{Error, Options};
use crate::fleet::described;
use rand::RngExt;
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error as ServerError};

const MIGRATE: &str = "SELECT count(tenancy.migrate_tenant(t, $2)) FROM unnest($1::text[]) t";
const FAILED: &str = "SELECT tenancy.migration_failed($1, $2, $3, $4)";

/// What an error means for a tenant.
pub enum Kind {
    /// It may pass: a lock, a deadlock, a lost connection.
    Passing,
    /// The tenant is no more.
    Gone,
    /// The migration is wrong for it.
    Final,
}

/// What this one means.
pub fn kind(error: &ServerError) -> Kind {
    let Some(db) = error.as_db_error() else { return Kind::Passing };
    match db.code().code() {
        "55P03" | "40P01" | "40001" => Kind::Passing,
        code if code.starts_with("57P") || code.starts_with("08") => Kind::Passing,
        "3D000" => Kind::Gone,
        _ => Kind::Final,
    }
}

/// Migrates a batch.
pub async fn batch(
    member: &Member,
    client: &mut Client,
    tenants: &[Lacking],
    stage: &Stage,
) -> Result<(), Error> {
    if tenants.len() > 1 {
        let names: Vec<&str> = tenants.iter().map(|t| t.tenant.as_str()).collect();
        if migrate(client, &names, &stage.upto).await.is_ok() {
            member.report.done(names.len());
            return Ok(());
        }
    }
    for tenant in tenants {
        if member.is_stopped() {
            break;
        }
        alone(member, client, &tenant.tenant, stage).await?;
    }
    Ok(())
}

async fn migrate(client: &Client, names: &[&str], upto: &str) -> Result<(), ServerError> {
    client.query(MIGRATE, &[&names, &upto]).await.map(drop)
}

/// In one transaction; where a migration uses what one before it must have committed, as a new value
/// of an enum, each in its own.
async fn through(client: &Client, tenant: &str, stage: &Stage) -> Result<(), ServerError> {
    let whole = migrate(client, &[tenant], &stage.upto).await;
    let Err(error) = &whole else { return whole };
    if error.code() != Some(&SqlState::UNSAFE_NEW_ENUM_VALUE_USAGE) || stage.names.len() < 2 {
        return whole;
    }
    for name in &stage.names {
        migrate(client, &[tenant], name).await?;
    }
    Ok(())
}

async fn alone(
    member: &Member,
    client: &mut Client,
    tenant: &str,
    stage: &Stage,
) -> Result<(), Error> {
    let mut attempt = 0;
    loop {
        let Err(error) = through(client, tenant, stage).await else {
            member.report.done(1);
            return Ok(());
        };
        match kind(&error) {
            Kind::Gone => return Ok(()),
            Kind::Passing if attempt < member.options.retries && !member.is_stopped() => {
                attempt += 1;
                pause(attempt).await;
                revive(member, client).await?;
            }
            _ => {
                revive(member, client).await?;
                return note(member, client, tenant, &error).await;
            }
        }
    }
}

/// Longer each time, and not in step with the other workers.
pub async fn pause(attempt: u32) {
    let longest = 100_u64 << attempt.min(6);
    let millis = rand::rng().random_range(longest / 2..=longest);
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// A new connection in place of one that has ended.
pub async fn revive(member: &Member, client: &mut Client) -> Result<(), Error> {
    if client.is_closed() {
        *client = connect_patiently(&member.options, || member.is_stopped()).await?;
    }
    Ok(())
}

/// A connection; a server that restarts has a minute.
pub async fn connect_patiently(
    options: &Options,
    is_stopped: impl Fn() -> bool,
) -> Result<Client, Error> {
    let mut attempt = 0;
    loop {
        match connect(&options.server, options.lock_timeout).await {
            Err(_) if attempt < 12 && !is_stopped() => {
                attempt += 1;
                pause(attempt).await;
            }
            outcome => return outcome,
        }
    }
}

/// Notes in the registry why a tenant failed.
pub async fn note(
    member: &Member,
    client: &Client,
    tenant: &str,
    error: &ServerError,
) -> Result<(), Error> {
    let (code, message) = report(member, tenant, error);
    let detail = error.as_db_error().and_then(|db| db.detail());
    client.query(FAILED, &[&tenant, &code, &message, &detail]).await?;
    Ok(())
}

/// Reports it to whoever looks on.
pub fn report<'a>(member: &Member, tenant: &str, error: &'a ServerError) -> (&'a str, String) {
    let (code, message) = match error.as_db_error() {
        Some(db) => (db.code().code(), db.message().to_owned()),
        None => ("08006", described(error)),
    };
    member.failed(tenant, code, &message);
    (code, message)
}
