//! A door into one tenant: a port of this machine that takes PostgreSQL's protocol and one password,
//! for as long as one command runs.

use super::guest;
use crate::pool::{Address, CancelKey};
use crate::shutdown::told;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What the server may take to end what it is at.
const PATIENCE: Duration = Duration::from_secs(10);

/// The door.
pub struct Door {
    /// Where, on 127.0.0.1.
    pub port: u16,
    /// To where, and who may pass.
    pub inside: Arc<Inside>,
    closing: watch::Sender<bool>,
    keeper: JoinHandle<()>,
}

/// What stands behind it.
pub struct Inside {
    /// The server.
    pub server: Address,
    /// The tenant.
    pub tenant: String,
    /// What a guest has to say.
    pub password: String,
    keys: Mutex<Vec<CancelKey>>,
}

impl Inside {
    /// The keys by which what guests run is cancelled.
    pub fn keys(&self) -> MutexGuard<'_, Vec<CancelKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door {
    /// Opens one.
    pub async fn open(server: &Address, tenant: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let password = rand::random::<[u8; 24]>().iter().map(|b| format!("{b:02x}")).collect();
        let (server, tenant) = (server.clone(), tenant.to_owned());
        let inside = Arc::new(Inside { server, tenant, password, keys: Mutex::default() });
        let closing = watch::Sender::new(false);
        let keeper = tokio::spawn(keep(listener, inside.clone(), closing.subscribe()));
        Ok(Self { port, inside, closing, keeper })
    }

    /// Lets nobody in any more, hears those inside no more, and has the server end what it is at.
    pub fn shut(&self) {
        self.closing.send_replace(true);
    }

    /// The same, and waits until it has ended.
    pub async fn close(mut self) {
        self.shut();
        if tokio::time::timeout(PATIENCE, &mut self.keeper).await.is_err() {
            self.keeper.abort();
        }
    }
}

async fn keep(listener: TcpListener, inside: Arc<Inside>, closing: watch::Receiver<bool>) {
    let mut guests = JoinSet::new();
    loop {
        tokio::select! {
            () = told(closing.clone()) => break,
            // Those that have left make room.
            Some(_) = guests.join_next() => {}
            Ok((stream, _)) = listener.accept() => {
                guests.spawn(guest::serve(stream, inside.clone(), closing.clone()));
            }
        }
    }
    drop(listener);
    while guests.join_next().await.is_some() {}
}
