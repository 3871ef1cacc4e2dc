//! Typed client of the extension's SQL functions, under the registry's login: routes, verifiers,
//! version, notifications. Must not know tenants' data, the route cache or HTTP.

mod listen;

pub use listen::{Event, listen};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use std::time::Duration;
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row};

/// Why the registry gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection.
    #[error("no connection to the registry: {}", causes(.0))]
    Connect(#[from] deadpool_postgres::PoolError),
    /// The query failed.
    #[error("registry query failed: {}", causes(.0))]
    Query(#[from] tokio_postgres::Error),
    /// It took too long.
    #[error("the registry did not answer in time")]
    Timeout,
    /// The pool cannot be made.
    #[error("the registry's pool cannot be made: {0}")]
    Build(#[from] deadpool_postgres::BuildError),
}

/// An error with its causes: the outer ones of these libraries say next to nothing.
fn causes(error: &dyn std::error::Error) -> String {
    let first = error.source();
    std::iter::successors(first, |cause| cause.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// A row of `tenancy.resolve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The tenant's name.
    pub tenant: String,
    /// The tenant's id.
    pub id: i64,
    /// Its state in the lifecycle.
    pub status: String,
    /// `full` or `read_only` while suspended.
    pub suspension: Option<String>,
    /// The registry's generation of the tenant.
    pub generation: i64,
}

/// A row of `tenancy.login_access`.
#[derive(Clone)]
pub struct LoginAccess {
    /// The SCRAM verifier; none for a login that may not come this way.
    pub verifier: Option<String>,
    /// Whether the login has a grant for the tenant.
    pub granted: bool,
}

/// The registry's client.
#[derive(Clone)]
pub struct Control {
    pool: Pool,
    timeout: Duration,
}

impl Control {
    /// A client with its own pool; it connects when it is first asked.
    pub fn new(
        mut config: tokio_postgres::Config,
        size: usize,
        timeout: Duration,
    ) -> Result<Self, Error> {
        config.application_name("tenancy registry").connect_timeout(timeout);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(timeout))
            .create_timeout(Some(timeout))
            .build()?;
        Ok(Self { pool, timeout })
    }

    /// `tenancy.resolve(hostname)`.
    pub async fn resolve(&self, hostname: &str) -> Result<Option<Resolution>, Error> {
        let row = self.row(include_str!("control/resolve.sql"), &[&hostname]).await?;
        Ok(row.as_ref().map(resolution).transpose()?)
    }

    /// `tenancy.resolve_name(name)`.
    pub async fn resolve_name(&self, name: &str) -> Result<Option<Resolution>, Error> {
        let row = self.row(include_str!("control/resolve_name.sql"), &[&name]).await?;
        Ok(row.as_ref().map(resolution).transpose()?)
    }

    /// `tenancy.login_access(login, tenant_id)`.
    pub async fn login_access(&self, login: &str, tenant_id: i64) -> Result<LoginAccess, Error> {
        let text = include_str!("control/login_access.sql");
        let Some(row) = self.row(text, &[&login, &tenant_id]).await? else {
            return Ok(LoginAccess { verifier: None, granted: false });
        };
        let granted: Option<bool> = row.try_get("granted")?;
        Ok(LoginAccess { verifier: row.try_get("verifier")?, granted: granted.unwrap_or(false) })
    }

    /// `tenancy.version()`.
    pub async fn version(&self) -> Result<String, Error> {
        let row = self.row(include_str!("control/version.sql"), &[]).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or_default())
    }

    /// At most one row. A connection that the server has closed meanwhile is replaced once:
    /// all that is asked here is read-only.
    async fn row(
        &self,
        text: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        let once = || tokio::time::timeout(self.timeout, self.row_once(text, parameters));
        match once().await.map_err(|_| Error::Timeout)? {
            Err(Error::Query(error))
                if error.is_closed() || error.as_db_error().is_some_and(is_end) =>
            {
                once().await.map_err(|_| Error::Timeout)?
            }
            outcome => outcome,
        }
    }

    async fn row_once(
        &self,
        text: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(text).await?;
        Ok(client.query_opt(&statement, parameters).await?)
    }
}

/// Whether the server ends the connection with this error (class 57P: operator intervention).
fn is_end(report: &tokio_postgres::error::DbError) -> bool {
    report.code().code().starts_with("57P")
}

fn resolution(row: &Row) -> Result<Resolution, tokio_postgres::Error> {
    Ok(Resolution {
        tenant: row.try_get("tenant")?,
        id: row.try_get("id")?,
        status: row.try_get("status")?,
        suspension: row.try_get("suspension")?,
        generation: row.try_get("generation")?,
    })
}
