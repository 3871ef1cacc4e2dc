//! Ends what a connection of ours is running: asks the server to cancel it, and terminates the
//! backend when that does not help. A backend does not look at its socket while it works, and
//! the tenant's code may catch a cancel; closing the connection alone would leave it running.

use super::channel::Channel;
use super::slot::{Slot, collect};
use super::{Address, Error, authenticate, switch};
use postgres_protocol::message::frontend;
use std::time::Duration;

/// A cancel, or a connection to terminate by, that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(2);
/// More than one, for the server may be out of connections just then.
const TERMINATIONS: usize = 3;

/// What BackendKeyData told us, and where.
#[derive(Clone)]
pub struct CancelKey {
    pub(super) address: Address,
    /// The backend's process id.
    pub process_id: i32,
    /// What a cancel request has to show.
    pub secret: i32,
}

impl Slot {
    /// Ends the connection as [`hang_up`] does.
    pub(super) async fn hang_up(&mut self, grace: Duration) {
        self.clean = false;
        hang_up(&mut self.channel, &self.key, grace).await;
    }
}

/// Ends a connection, and returns when the server has hung up, or cannot be brought to it: by a
/// cancel and the end of our stream, after `grace` by termination.
pub async fn hang_up(channel: &mut Channel, key: &CancelKey, grace: Duration) {
    key.cancel().await;
    if is_closed_within(channel, grace).await {
        return;
    }
    let process_id = key.process_id;
    for _ in 0..TERMINATIONS {
        tracing::warn!(process_id, "terminating a backend that does not heed a cancel");
        key.terminate().await;
        if is_closed_within(channel, grace).await {
            return;
        }
    }
    tracing::error!(process_id, "a backend cannot be brought to end; it may still be running");
}

async fn is_closed_within(channel: &mut Channel, grace: Duration) -> bool {
    tokio::time::timeout(grace, channel.close()).await.is_ok()
}

impl CancelKey {
    /// Whether it is the one of this backend and this secret.
    pub fn is(&self, process_id: i32, secret: i32) -> bool {
        (self.process_id, self.secret) == (process_id, secret)
    }

    /// Sends the request and waits until the server has taken note of it, for by then the signal
    /// is sent. The connection must not be used again: a late signal would hit its next tenant.
    pub async fn cancel(&self) {
        let sent = tokio::time::timeout(PATIENCE, self.send()).await;
        if sent.is_err() {
            tracing::warn!(process_id = self.process_id, "cancel request got no answer in time");
        }
    }

    async fn send(&self) {
        let Ok(mut channel) = self.address.endpoint.connect(16).await else { return };
        self.write(&mut channel);
        // The server never answers a cancel request; it hangs up when it is done.
        let _ = channel.next().await;
    }

    fn write(&self, channel: &mut Channel) {
        frontend::cancel_request(self.process_id, self.secret, channel.outbox());
    }

    async fn terminate(&self) {
        let process_id = self.process_id;
        match tokio::time::timeout(PATIENCE, self.signal()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(process_id, %error, "backend not terminated"),
            Err(_) => tracing::warn!(process_id, "backend not terminated in time"),
        }
    }

    /// By a connection that is not sealed: the same login may signal its own backends.
    async fn signal(&self) -> Result<(), Error> {
        let mut channel = self.address.endpoint.connect(switch::ANSWER_LIMIT).await?;
        authenticate::start(&mut channel, &self.address).await?;
        let text = format!("SELECT pg_catalog.pg_terminate_backend({})", self.process_id);
        frontend::query(&text, channel.outbox()).map_err(|_| Error::Odd("zero byte"))?;
        let (answer, _) = collect(&mut channel, switch::ANSWER_LIMIT).await?;
        answer.map_err(Error::Refused)?;
        frontend::terminate(channel.outbox());
        let _ = channel.next().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Endpoint;
    use crate::pool::seal::Sealed;
    use tenancy_core::seal::Seal;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, split};
    use tokio::net::TcpListener;

    const GRACE: Duration = Duration::from_millis(50);
    /// AuthenticationOk, BackendKeyData, ReadyForQuery.
    const READY: &[u8] = b"R\x00\x00\x00\x08\x00\x00\x00\x00\
        K\x00\x00\x00\x0c\x00\x00\x00\x08\x00\x00\x00\x09Z\x00\x00\x00\x05I";

    async fn slot() -> (Slot, DuplexStream, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Address {
            endpoint: Endpoint::Tcp("127.0.0.1".into(), listener.local_addr().unwrap().port()),
            user: "gate".into(),
            database: "app".into(),
            password: None,
        };
        let (ours, theirs) = tokio::io::duplex(1 << 10);
        let (reader, writer) = split(ours);
        let key = CancelKey { address, process_id: 7, secret: 9 };
        let sealed = Sealed {
            seal: Seal::parse("0123456789abcdef").unwrap(),
            switch: 4242,
            switch_client: 4243,
        };
        (Slot::new(Channel::new(reader, writer, 1 << 20), key, sealed), theirs, listener)
    }

    async fn hear(listener: &TcpListener, answers: &[&[u8]]) -> Vec<u8> {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::with_capacity(4096);
        for answer in answers {
            assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0);
            stream.write_all(answer).await.unwrap();
        }
        heard
    }

    #[tokio::test]
    async fn a_backend_that_heeds_the_cancel_is_not_terminated() {
        let (mut slot, mut backend, listener) = slot().await;
        slot.channel.outbox().extend_from_slice(b"S\x00\x00\x00\x04");
        let serve = async {
            assert_eq!(hear(&listener, &[b""]).await[4..8], [4, 210, 22, 46]);
            backend.write_all(&[b'x'; 4096]).await.unwrap();
            let mut rest = Vec::new();
            backend.read_to_end(&mut rest).await.unwrap();
            assert!(rest.is_empty(), "a Sync that was held back must not leave");
            drop(backend);
        };
        tokio::join!(slot.hang_up(Duration::from_secs(5)), serve);
        assert!(!slot.is_clean());
        assert!(tokio::time::timeout(GRACE, listener.accept()).await.is_err());
    }

    #[tokio::test]
    async fn a_backend_that_catches_the_cancel_is_terminated() {
        let (mut slot, backend, listener) = slot().await;
        let serve = async {
            hear(&listener, &[b""]).await;
            let heard = hear(&listener, &[READY, b"Z\x00\x00\x00\x05I"]).await;
            let wanted = b"SELECT pg_catalog.pg_terminate_backend(7)";
            assert!(heard.windows(wanted.len()).any(|part| part == wanted));
            drop(backend);
        };
        let hang_up = tokio::time::timeout(Duration::from_secs(5), slot.hang_up(GRACE));
        assert!(tokio::join!(hang_up, serve).0.is_ok());
    }

    #[tokio::test]
    async fn a_backend_that_nothing_ends_does_not_hold_the_place_for_ever() {
        let (mut slot, _backend, listener) = slot().await;
        drop(listener);
        let hang_up = tokio::time::timeout(Duration::from_secs(5), slot.hang_up(GRACE));
        assert!(hang_up.await.is_ok());
    }
}
