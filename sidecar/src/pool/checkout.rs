//! The pool and what it lends out. A connection that is not parked when its borrower lets go
//! of it leaves the pool and is closed; nothing is cleaned up behind anybody's back.

use super::opener::Opener;
use super::{Address, Entered, Error, Work};
use crate::wire::StatementResult;
use deadpool::Runtime;
use deadpool::managed::{Object, Pool, PoolError, QueueMode, TimeoutType};
use std::time::Duration;

/// A connection that does not park in this time is closed.
const PARK_PATIENCE: Duration = Duration::from_secs(5);

/// A backend that has not ended this long after it was asked to is asked more firmly.
const HANG_UP_PATIENCE: Duration = Duration::from_secs(2);

/// How the pool behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server.
    pub address: Address,
    /// At most this many connections.
    pub size: usize,
    /// How long a borrower waits for one.
    pub checkout_timeout: Duration,
    /// How long opening one may take.
    pub connect_timeout: Duration,
    /// A connection older than this is replaced: a backend's caches grow with the tenants it saw.
    pub lifetime: Duration,
    /// At most this many bytes of results in one request.
    pub result_limit: usize,
}

/// The pool of sealed server connections.
#[derive(Clone)]
pub struct ServerPool {
    pool: Pool<Opener>,
    result_limit: usize,
}

/// A connection on loan.
pub struct Checkout {
    object: Option<Object<Opener>>,
    result_limit: usize,
}

impl ServerPool {
    /// A pool; it connects when a connection is first asked for.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let opener = Opener {
            address: settings.address,
            message_limit: settings.result_limit,
            lifetime: settings.lifetime,
        };
        let pool = Pool::builder(opener)
            .max_size(settings.size)
            .wait_timeout(Some(settings.checkout_timeout))
            .create_timeout(Some(settings.connect_timeout))
            .queue_mode(QueueMode::Lifo) // the warmest backend first
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_| Error::Odd("the pool has no runtime"))?;
        Ok(Self { pool, result_limit: settings.result_limit })
    }

    /// Borrows a connection that is parked in `closed`.
    pub async fn checkout(&self) -> Result<Checkout, Error> {
        let object = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Timeout(TimeoutType::Wait) => Error::Busy,
            PoolError::Timeout(_) => Error::Connect(std::io::ErrorKind::TimedOut.into()),
            _ => Error::Odd("the pool is closed"),
        })?;
        Ok(Checkout { object: Some(object), result_limit: self.result_limit })
    }

    /// From now on at most so many connections; what is more is closed when it is given back.
    pub fn resize(&self, size: usize) {
        self.pool.resize(size);
    }

    /// Connections that there are, those of them that nobody holds, and how many wait for one.
    pub fn figures(&self) -> [usize; 3] {
        let status = self.pool.status();
        [status.size, status.available, status.waiting]
    }

    /// Lends nothing more and closes what is idle.
    pub fn close(&self) {
        self.pool.close();
    }
}

impl Checkout {
    /// Switches into the tenant with the work right behind, and gives the switch's answer. No
    /// effect of the work lasts until [`Checkout::finish`].
    pub async fn enter(&mut self, tenant: &str, work: &Work) -> Result<Entered, Error> {
        self.slot()?.enter(tenant, work).await
    }

    /// Lets the work take effect and reads its results.
    pub async fn finish(&mut self, work: &Work) -> Result<Vec<StatementResult>, Error> {
        let limit = self.result_limit;
        self.slot()?.finish(work, limit).await
    }

    /// Parks the connection and gives it back; closes it when that is not possible.
    pub async fn park(mut self) {
        let Ok(slot) = self.slot() else { return };
        if slot.is_clean() {
            return;
        }
        match tokio::time::timeout(PARK_PATIENCE, slot.park()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "server connection closed: not parked"),
            Err(_) => {
                tracing::warn!("server connection closed: not parked in time");
                slot.hang_up(HANG_UP_PATIENCE).await;
            }
        }
    }

    /// Ends what may still run, and closes the connection. It is never used again, for the
    /// signal may arrive late. Its place in the pool is free only once the server has let go: a
    /// backend that goes on running counts against the server's limit.
    pub async fn abandon(mut self) {
        if let Ok(slot) = self.slot() {
            slot.hang_up(HANG_UP_PATIENCE).await;
        }
    }

    fn slot(&mut self) -> Result<&mut super::slot::Slot, Error> {
        self.object.as_deref_mut().ok_or(Error::Odd("the connection was given back"))
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if let Some(object) = self.object.take()
            && !object.is_clean()
        {
            drop(Object::take(object));
        }
    }
}
