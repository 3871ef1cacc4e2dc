//! Opens server connections: socket, authentication, seal. deadpool's manager.

use super::channel::Channel;
use super::slot::Slot;
use super::{Error, authenticate, seal};
use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Host name or address, and port.
    Tcp(String, u16),
    /// Path of the socket itself.
    Unix(PathBuf),
}

/// A server, a database and the login to use there.
#[derive(Clone)]
pub struct Address {
    /// Where.
    pub endpoint: Endpoint,
    /// As whom.
    pub user: String,
    /// To which database.
    pub database: String,
    /// With which password, if the server asks for one.
    pub password: Option<String>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:?}/{}", self.user, self.endpoint, self.database)
    }
}

/// Opens connections to one address.
pub struct Opener {
    pub(super) address: Address,
    pub(super) message_limit: usize,
    pub(super) lifetime: Duration,
}

impl Endpoint {
    /// Whether what is said here can be overheard by nobody but this machine's administrator.
    pub(super) fn is_private(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp(host, _) => {
                host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }

    /// Connects, without a word spoken.
    pub(super) async fn connect(&self, message_limit: usize) -> Result<Channel, Error> {
        match self {
            Self::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port));
                let stream = stream.await.map_err(Error::Connect)?;
                stream.set_nodelay(true).map_err(Error::Connect)?;
                let (reader, writer) = stream.into_split();
                Ok(Channel::new(reader, writer, message_limit))
            }
            Self::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(Error::Connect)?;
                let (reader, writer) = stream.into_split();
                Ok(Channel::new(reader, writer, message_limit))
            }
        }
    }
}

impl Manager for Opener {
    type Type = Slot;
    type Error = Error;

    async fn create(&self) -> Result<Slot, Error> {
        let mut channel = self.address.endpoint.connect(self.message_limit).await?;
        let key = authenticate::start(&mut channel, &self.address).await?;
        let sealed = seal::seal(&mut channel).await?;
        tracing::debug!(process_id = key.process_id, "server connection sealed");
        Ok(Slot::new(channel, key, sealed))
    }

    async fn recycle(&self, slot: &mut Slot, metrics: &Metrics) -> RecycleResult<Error> {
        if !slot.is_clean() {
            return Err(RecycleError::message("not parked"));
        }
        if metrics.age() > self.lifetime {
            return Err(RecycleError::message("old"));
        }
        if !slot.channel.is_quiet() {
            return Err(RecycleError::message("not quiet"));
        }
        Ok(())
    }
}
