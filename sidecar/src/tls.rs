//! TLS for clients: which certificate a client is shown by the name it asks for, kept so that new
//! ones can be read while clients are connected. Must not know what is said inside.
//!
//! As PostgreSQL does, there are no session tickets: each connection sees a certificate, and binding a
//! login to it (RFC 5929) always has something to bind to.

mod certificate;
mod error;
mod source;

pub use error::Error;
pub use source::Source;

use certificate::Certificate;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::server::Acceptor;
use tokio_rustls::server::TlsStream;

/// The one protocol that is spoken inside.
const PROTOCOL: &[u8] = b"postgresql";

/// The certificates of a face.
pub struct Certificates {
    source: Source,
    current: RwLock<Arc<Set>>,
}

/// Those that were read at one time.
struct Set {
    default: Arc<Certificate>,
    by_name: HashMap<String, Arc<Certificate>>,
}

/// How a client's connection starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It asked for TLS and was told that it may. It need not say what is to be spoken inside.
    Requested,
    /// It spoke TLS from its first byte. It must say that PostgreSQL is spoken inside, or it may be a
    /// client of another protocol that was led here (ALPACA).
    Direct,
}

/// An encrypted connection.
pub struct Accepted {
    /// The connection.
    pub stream: TlsStream<TcpStream>,
    /// The host that the client believes to talk to, if it said so.
    pub server_name: Option<String>,
    /// What binds a login to the certificate that the client was shown; none for certificates whose
    /// signature does not say which hash to use.
    pub end_point: Option<Arc<[u8]>>,
}

impl Certificates {
    /// Reads them. Nothing is read of the environment or the system.
    pub fn load(source: Source) -> Result<Self, Error> {
        let current = RwLock::new(Arc::new(Set::read(&source)?));
        Ok(Self { source, current })
    }

    /// Reads them anew, for connections from now on. When there is anything wrong with the new
    /// ones, the old ones stay.
    pub fn reload(&self) -> Result<(), Error> {
        let set = Arc::new(Set::read(&self.source)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = set;
        Ok(())
    }

    /// Shakes hands with a client.
    pub async fn accept(&self, stream: TcpStream, start: Start) -> io::Result<Accepted> {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let server_name = hello.client_hello().server_name().map(str::to_ascii_lowercase);
        let certificate = self.of(server_name.as_deref());
        let stream = hello.into_stream(certificate.config()).await?;
        if start == Start::Direct && stream.get_ref().1.alpn_protocol() != Some(PROTOCOL) {
            return Err(io::Error::other("direct TLS without ALPN \"postgresql\""));
        }
        Ok(Accepted { stream, server_name, end_point: certificate.end_point() })
    }

    fn of(&self, server_name: Option<&str>) -> Arc<Certificate> {
        let set = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let named = server_name.and_then(|name| set.named(name));
        named.unwrap_or(&set.default).clone()
    }
}

impl Set {
    fn read(source: &Source) -> Result<Self, Error> {
        let pairs = source.pairs()?;
        let read = pairs.iter().map(|(chain, key)| Certificate::read(chain, key).map(Arc::new));
        let certificates = read.collect::<Result<Vec<_>, _>>()?;
        let mut by_name = HashMap::new();
        for certificate in &certificates {
            for name in certificate.names() {
                // Of two for one name the first one counts.
                by_name.entry(name.clone()).or_insert_with(|| certificate.clone());
            }
        }
        let default = certificates.first().ok_or(Error::Nothing)?.clone();
        Ok(Self { default, by_name })
    }

    /// By the whole name, else by a wildcard in the place of its first label.
    fn named(&self, name: &str) -> Option<&Arc<Certificate>> {
        self.by_name.get(name).or_else(|| {
            let (_, parent) = name.split_once('.')?;
            self.by_name.get(&format!("*.{parent}"))
        })
    }
}

#[cfg(test)]
pub mod tests;
