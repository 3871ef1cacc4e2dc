//! `tenancy export`: a tenant into an archive, by several connections that share one snapshot.

use super::{Error, connect, progress};
use crate::archive::{self, MEMBER_BYTES, Manifest, Sequence, Structure, Table, Tenant, Writer};
use connect::Connection;
use futures_util::TryStreamExt;
use indicatif::ProgressBar;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tenancy_core::quote::{identifier, literal};
use tokio_postgres::Config;
use tokio_postgres::error::SqlState;

/// So often is a tenant tried that is being changed.
const ATTEMPTS: u32 = 5;

/// What to export.
pub struct Export {
    /// The tenant.
    pub tenant: String,
    /// The archive, which must not be there.
    pub output: PathBuf,
    /// Address of the server, with an administrator's login that may read all tables.
    pub dsn: String,
    /// Connections that read rows at the same time.
    pub jobs: usize,
}

/// What is copied to the archive: a COPY, and the table whose rows it gives.
struct Job {
    table: Option<usize>,
    copy: String,
}

struct Shared {
    jobs: Vec<Job>,
    next: AtomicUsize,
    writer: Mutex<Writer>,
    bar: ProgressBar,
}

/// Exports; returns the length of the archive.
pub async fn export(export: Export) -> Result<u64, Error> {
    let config = connect::address(&export.dsn)?;
    let leader = connect::open(&config).await?;
    let writer = Writer::create(&export.output)?;
    let structure = begin(&leader, &export.tenant).await?;
    let snapshot: String = leader.query_one("SELECT pg_export_snapshot()", &[]).await?.get(0);
    let (schema, tenant, server_version) = tenant(&leader, &export.tenant).await?;
    let (tables, bytes) = tables(&leader, &export.tenant).await?;
    // Values that name objects are written as the tenant itself would.
    let path = format!("SET search_path = {}, pg_temp", identifier(&schema));
    let shared = Arc::new(Shared {
        jobs: jobs(&tables, &schema, &export.tenant),
        next: AtomicUsize::new(0),
        writer: Mutex::new(writer),
        bar: progress::bytes("exporting", bytes),
    });
    let mut workers = tokio::task::JoinSet::new();
    for _ in 1..export.jobs.clamp(1, shared.jobs.len()) {
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}; {path}",
            literal(&snapshot)
        );
        workers.spawn(follow(config.clone(), begin, Arc::clone(&shared)));
    }
    leader.batch_execute(&path).await?;
    work(&leader, &shared).await?;
    leader.batch_execute("SET search_path = pg_catalog").await?;
    while let Some(ended) = workers.join_next().await {
        ended.map_err(|error| Error::Work(error.to_string()))??;
    }
    let manifest = Manifest {
        format: 1,
        tenancy: env!("CARGO_PKG_VERSION").to_owned(),
        server_version,
        tenant,
        structure,
        tables,
        sequences: sequences(&leader, &export.tenant).await?,
        members: Vec::new(),
    };
    leader.batch_execute("COMMIT").await?;
    shared.bar.finish_and_clear();
    let shared = Arc::into_inner(shared).ok_or_else(|| Error::Work("a task is left".into()))?;
    let writer = shared.writer.into_inner().map_err(|_| Error::Work("a task failed".into()))?;
    tokio::task::block_in_place(|| Ok(writer.finish(manifest)?))
}

/// Begins a transaction and returns the structure, which nobody changes until its end. When somebody
/// did while it waited for that, from the start: what was looked for may be gone.
async fn begin(leader: &Connection, tenant: &str) -> Result<Structure, Error> {
    let mut attempts = 1;
    loop {
        leader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let is_late = |error: &tokio_postgres::Error| {
            let late = [&SqlState::T_R_SERIALIZATION_FAILURE, &SqlState::INTERNAL_ERROR];
            error.code().is_some_and(|code| late.contains(&code))
        };
        match structure(leader, tenant).await {
            Err(Error::Query(error)) if attempts < ATTEMPTS && is_late(&error) => attempts += 1,
            outcome => return outcome,
        }
        leader.batch_execute("ROLLBACK").await?;
    }
}

async fn follow(config: Config, begin: String, shared: Arc<Shared>) -> Result<(), Error> {
    let connection = connect::open(&config).await?;
    connection.batch_execute(&begin).await?;
    work(&connection, &shared).await
}

async fn work(connection: &Connection, shared: &Shared) -> Result<(), Error> {
    while let Some(job) = shared.jobs.get(shared.next.fetch_add(1, Ordering::Relaxed)) {
        let rows = connection.copy_out(&job.copy).await?;
        let mut rows = std::pin::pin!(rows);
        let mut piece = Vec::with_capacity(MEMBER_BYTES);
        let mut number = 0;
        while let Some(bytes) = rows.try_next().await? {
            piece.extend_from_slice(&bytes);
            if piece.len() >= MEMBER_BYTES {
                write(job, number, &piece, shared)?;
                piece.clear();
                number += 1;
            }
        }
        if !piece.is_empty() {
            write(job, number, &piece, shared)?;
        }
    }
    Ok(())
}

fn write(job: &Job, number: usize, piece: &[u8], shared: &Shared) -> Result<(), Error> {
    tokio::task::block_in_place(|| {
        let packed = archive::pack(job.table, number, piece)
            .map_err(|error| Error::Work(error.to_string()))?;
        let mut writer =
            shared.writer.lock().map_err(|_| Error::Work("a task failed".to_owned()))?;
        writer.add(job.table, number, packed)?;
        shared.bar.inc(piece.len() as u64);
        Ok(())
    })
}

fn jobs(tables: &[Table], schema: &str, tenant: &str) -> Vec<Job> {
    let table = |(at, table): (usize, &Table)| {
        let format = if table.is_binary { "binary" } else { "text" };
        let columns: Vec<_> = table.columns.iter().map(|c| identifier(c)).collect();
        let (schema, name) = (identifier(schema), identifier(&table.name));
        let columns = columns.join(", ");
        Job {
            table: Some(at),
            copy: format!("COPY {schema}.{name} ({columns}) TO STDOUT (FORMAT {format})"),
        }
    };
    let query = include_str!("large_objects.sql").replace("$1", &literal(tenant));
    let large = Job { table: None, copy: format!("COPY ({query}) TO STDOUT (FORMAT binary)") };
    tables.iter().enumerate().map(table).chain([large]).collect()
}

/// The tenant's schema, what the registry holds of it, and the version of the server.
async fn tenant(leader: &Connection, name: &str) -> Result<(String, Tenant, String), Error> {
    let row = leader.query_one(include_str!("tenant.sql"), &[&name]).await?;
    let json = |column| {
        let text: String = row.try_get(column)?;
        serde_json::from_str(&text).map_err(|e| Error::Work(e.to_string()))
    };
    let tenant = Tenant {
        name: name.to_owned(),
        plan: row.try_get("plan")?,
        template: row.try_get("template")?,
        settings: json("settings")?,
        domains: row.try_get("domains")?,
        migrations: json("migrations")?,
    };
    Ok((row.try_get("schema")?, tenant, row.try_get("server_version")?))
}

async fn structure(leader: &Connection, name: &str) -> Result<Structure, Error> {
    let query = "SELECT * FROM tenancy.export_structure($1)";
    let row = leader.query_one(query, &[&name]).await?;
    Ok(Structure {
        rows_at: row.try_get("rows_at")?,
        slots: row.try_get("slots")?,
        flags: row.try_get("flags")?,
        objects: row.try_get("objects")?,
        statements: row.try_get("statements")?,
    })
}

/// The tables with rows, and about how many bytes they hold.
async fn tables(leader: &Connection, name: &str) -> Result<(Vec<Table>, u64), Error> {
    let mut length = 0;
    let mut tables = Vec::new();
    for row in leader.query("SELECT * FROM tenancy.export_tables($1)", &[&name]).await? {
        length += u64::try_from(row.try_get::<_, i64>("bytes")?).unwrap_or(0);
        tables.push(Table {
            name: row.try_get("relation")?,
            columns: row.try_get("columns")?,
            is_binary: row.try_get("is_binary")?,
        });
    }
    Ok((tables, length))
}

async fn sequences(leader: &Connection, name: &str) -> Result<Vec<Sequence>, Error> {
    let rows = leader.query("SELECT * FROM tenancy.export_sequences($1)", &[&name]).await?;
    let sequence = |row: &tokio_postgres::Row| {
        Ok(Sequence {
            name: row.try_get("sequence")?,
            last_value: row.try_get("last_value")?,
            is_called: row.try_get("is_called")?,
        })
    };
    rows.iter().map(sequence).collect()
}
