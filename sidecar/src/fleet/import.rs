//! `tenancy import`: a tenant from an archive. The archive is somebody's: its checksums are compared
//! before anything is written, and everything in it runs as the new tenant's owner role. Until the
//! last call nobody else enters the tenant; what was interrupted goes on where it stopped.

use super::large_objects::LargeObjects;
use super::{Error, connect, progress};
use crate::archive::{Manifest, Member, Reader, Table};
use bytes::Bytes;
use connect::Connection;
use futures_util::SinkExt;
use indicatif::ProgressBar;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tenancy_core::quote::identifier;
use tokio_postgres::Config;

/// What to import.
pub struct Import {
    /// The archive.
    pub archive: PathBuf,
    /// The tenant's name here; the one it had, unless given.
    pub name: Option<String>,
    /// Address of the server, with an administrator's login.
    pub dsn: String,
    /// Connections that write rows at the same time.
    pub jobs: usize,
    /// Whether its hostnames shall lead to it.
    pub with_domains: bool,
    /// Whether to put it into service.
    pub activate: bool,
}

struct Shared {
    reader: Reader,
    name: String,
    next: AtomicUsize,
    bar: ProgressBar,
}

/// Imports; returns the tenant's name.
pub async fn import(import: Import) -> Result<String, Error> {
    let (archive, jobs) = (import.archive.clone(), import.jobs.max(1));
    let reader = tokio::task::spawn_blocking(move || verified(&archive, jobs)).await;
    let reader = reader.map_err(|error| Error::Work(error.to_string()))??;
    let name = import.name.clone().unwrap_or_else(|| reader.manifest().tenant.name.clone());
    let config = connect::address(&import.dsn)?;
    let leader = connect::open(&config).await?;
    claim(&leader, &name).await?;
    begin(&leader, &reader, &name).await?;
    let length = reader.manifest().members.iter().map(|member| member.size).sum();
    let bar = progress::bytes("importing", length);
    let next = AtomicUsize::new(0);
    let shared = Arc::new(Shared { reader, name: name.clone(), next, bar });
    let tables = shared.reader.manifest().tables.len() + 1;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..jobs.min(tables) {
        workers.spawn(fill(config.clone(), Arc::clone(&shared)));
    }
    while let Some(ended) = workers.join_next().await {
        ended.map_err(|error| Error::Work(error.to_string()))??;
    }
    shared.bar.finish_and_clear();
    finish(&leader, &shared, &import).await?;
    Ok(name)
}

/// The archive, once every member's checksum is right.
fn verified(path: &std::path::Path, jobs: usize) -> Result<Reader, Error> {
    let reader = Reader::open(path)?;
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let check = || {
            let members = &reader.manifest().members;
            while let Some(member) = members.get(next.fetch_add(1, Ordering::Relaxed)) {
                reader.read(member)?;
            }
            Ok::<_, Error>(())
        };
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(check)).collect();
        let ends = threads.into_iter().map(|thread| {
            thread.join().map_err(|_| Error::Work("a thread has failed".to_owned()))?
        });
        ends.collect::<Result<Vec<()>, _>>()
    })?;
    Ok(reader)
}

/// Keeps other processes from importing under the same name.
async fn claim(leader: &Connection, name: &str) -> Result<(), Error> {
    let claim = "SELECT pg_try_advisory_lock(hashtextextended('tenancy import ' || $1, 0))";
    let is_mine: bool = leader.query_one(claim, &[&name]).await?.try_get(0)?;
    if is_mine { Ok(()) } else { Err(Error::Busy(name.to_owned())) }
}

async fn begin(leader: &Connection, reader: &Reader, name: &str) -> Result<(), Error> {
    let Manifest { structure, tenant, .. } = reader.manifest();
    let settings = tenant.settings.to_string();
    let migrations = tenant.migrations.to_string();
    leader
        .execute(
            include_str!("import_begin.sql"),
            &[
                &name,
                &reader.id(),
                &structure.rows_at,
                &structure.slots,
                &structure.flags,
                &structure.objects,
                &structure.statements,
                &tenant.plan,
                &tenant.template,
                &settings,
                &migrations,
            ],
        )
        .await?;
    Ok(())
}

/// A connection within the tenant.
async fn enter(config: &Config, name: &str, role: &str) -> Result<Connection, Error> {
    let connection = connect::open(config).await?;
    connection.execute("SELECT tenancy.import_enter($1, $2)", &[&name, &role]).await?;
    Ok(connection)
}

/// Copies rows as long as there are tables left that nobody has begun with.
async fn fill(config: Config, shared: Arc<Shared>) -> Result<(), Error> {
    let connection = enter(&config, &shared.name, "owner").await?;
    let tables = &shared.reader.manifest().tables;
    loop {
        let at = shared.next.fetch_add(1, Ordering::Relaxed);
        match tables.get(at) {
            Some(table) => copy(&connection, &shared, at, table).await?,
            None if at == tables.len() => large_objects(&config, &shared).await?,
            None => return Ok(()),
        }
    }
}

/// One table is one transaction: one with rows has all of them.
async fn copy(
    connection: &Connection,
    shared: &Shared,
    at: usize,
    table: &Table,
) -> Result<(), Error> {
    let name = identifier(&table.name);
    // Waits for a transaction that an interrupted import has left behind.
    connection
        .batch_execute(&format!("BEGIN; LOCK TABLE ONLY {name} IN SHARE ROW EXCLUSIVE MODE"))
        .await?;
    let filled = format!("SELECT EXISTS (SELECT FROM ONLY {name})");
    if !connection.query_one(&filled, &[]).await?.try_get::<_, bool>(0)? {
        let columns: Vec<_> = table.columns.iter().map(|column| identifier(column)).collect();
        let format = if table.is_binary { "binary" } else { "text" };
        let copy = format!("COPY {name} ({}) FROM STDIN (FORMAT {format})", columns.join(", "));
        let rows = connection.copy_in::<_, Bytes>(&copy).await?;
        let mut rows = std::pin::pin!(rows);
        for member in shared.reader.manifest().members_of(Some(at)) {
            rows.send(read(shared, member)?).await?;
        }
        rows.finish().await?;
    }
    connection.batch_execute("COMMIT").await?;
    Ok(())
}

/// All large objects are one transaction, as the rows of a table are. They belong to the tenant's
/// role, which does not own the tables.
async fn large_objects(config: &Config, shared: &Shared) -> Result<(), Error> {
    if shared.reader.manifest().members_of(None).next().is_none() {
        return Ok(());
    }
    let connection = &enter(config, &shared.name, "member").await?;
    connection.batch_execute("BEGIN").await?;
    let mut objects = LargeObjects::new(connection).await?;
    let end = match write_all(&mut objects, shared).await {
        Ok(()) => "COMMIT",
        Err(error) if objects.are_there(&error) => "ROLLBACK",
        Err(error) => return Err(error),
    };
    Ok(connection.batch_execute(end).await?)
}

async fn write_all(objects: &mut LargeObjects<'_>, shared: &Shared) -> Result<(), Error> {
    for member in shared.reader.manifest().members_of(None) {
        objects.take(read(shared, member)?).await?;
    }
    objects.end().await
}

fn read(shared: &Shared, member: &Member) -> Result<Bytes, Error> {
    let bytes = tokio::task::block_in_place(|| shared.reader.read(member))?;
    shared.bar.inc(member.size);
    Ok(bytes.into())
}

async fn finish(leader: &Connection, shared: &Shared, import: &Import) -> Result<(), Error> {
    let Manifest { structure, sequences, tenant, .. } = shared.reader.manifest();
    let names: Vec<_> = sequences.iter().map(|s| s.name.as_str()).collect();
    let last_values: Vec<_> = sequences.iter().map(|s| s.last_value).collect();
    let are_called: Vec<_> = sequences.iter().map(|s| s.is_called).collect();
    let domains: &[String] = if import.with_domains { &tenant.domains } else { &[] };
    leader
        .execute(
            include_str!("import_finish.sql"),
            &[
                &shared.name,
                &shared.reader.id(),
                &structure.rows_at,
                &structure.slots,
                &structure.flags,
                &structure.objects,
                &structure.statements,
                &names,
                &last_values,
                &are_called,
                &domains,
                &import.activate,
            ],
        )
        .await?;
    Ok(())
}
