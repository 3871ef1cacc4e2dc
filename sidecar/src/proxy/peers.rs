//! The processes beside this one, behind the same balancer. A client's cancel request is a connection of
//! its own and may arrive at any of them; the one that the client is at is told. Who forwards knows no
//! secret: it is checked there.
//!
//! A request goes on once: it is marked, and one that is marked and not ours is dropped, so that tables
//! that contradict each other make no loop.

use super::cancel_key;
use arc_swap::ArcSwap;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// The code of a cancel request in the place of a version (manual, chapter "Message Formats").
const CANCEL: i32 = 1234 << 16 | 5678;
/// Anybody may send cancel requests: so many are forwarded in a second, and so many at a time.
const RATE: NonZeroU32 = NonZeroU32::MIN.saturating_add(199);
const AT_A_TIME: usize = 64;
/// One that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where they are.
pub struct Peers {
    own: u8,
    addresses: ArcSwap<Vec<(u8, String)>>,
    rate: DefaultDirectRateLimiter,
    under_way: Semaphore,
}

impl Peers {
    /// Of the process with this id, 0 for none.
    pub fn new(own: u8, addresses: Vec<(u8, String)>) -> Self {
        Self {
            own,
            addresses: ArcSwap::from_pointee(addresses),
            rate: RateLimiter::direct(Quota::per_second(RATE)),
            under_way: Semaphore::new(AT_A_TIME),
        }
    }

    /// They are elsewhere from now on.
    pub fn configure(&self, addresses: Vec<(u8, String)>) {
        self.addresses.store(Arc::new(addresses));
    }

    /// Whether this process gave out the key.
    pub fn is_ours(&self, process_id: i32) -> bool {
        self.own == 0 || cancel_key::peer_of(process_id) == self.own
    }

    /// Hands a request on to whose it is, if that is known, and waits until it was seen to there.
    pub async fn forward(&self, process_id: i32, secret: &[u8]) {
        let id = cancel_key::peer_of(process_id);
        let Some(secret) = cancel_key::to_forward(secret) else {
            return tracing::warn!(
                id,
                "a forwarded cancel request is not for this process: dropped"
            );
        };
        let addresses = self.addresses.load_full();
        let Some((_, address)) = addresses.iter().find(|(known, _)| *known == id) else {
            return tracing::debug!(id, "a cancel request is for nobody we know");
        };
        let Ok(_permit) = self.under_way.try_acquire() else {
            return tracing::warn!("too many cancel requests are being forwarded: one dropped");
        };
        if self.rate.check().is_err() {
            return tracing::warn!("too many cancel requests to forward: one dropped");
        }
        match tokio::time::timeout(PATIENCE, send(address, process_id, &secret)).await {
            Ok(Ok(())) => tracing::debug!(id, "a cancel request was forwarded"),
            Ok(Err(error)) => tracing::warn!(id, %error, "a cancel request was not forwarded"),
            Err(_) => tracing::warn!(id, "a cancel request was not forwarded in time"),
        }
    }
}

async fn send(address: &str, process_id: i32, secret: &[u8]) -> io::Result<()> {
    let mut request = Vec::with_capacity(12 + secret.len());
    let length = i32::try_from(12 + secret.len()).unwrap_or(i32::MAX);
    for number in [length, CANCEL, process_id] {
        request.extend(number.to_be_bytes());
    }
    request.extend_from_slice(secret);
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&request).await?;
    // There is no answer; who is done hangs up.
    stream.read(&mut [0]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn peers() -> (Peers, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        (Peers::new(1, vec![(2, address)]), listener)
    }

    #[tokio::test]
    async fn a_request_goes_to_the_process_that_gave_out_the_key() {
        let (peers, listener) = peers().await;
        let process_id = cancel_key::process_id(2);
        assert!(!peers.is_ours(process_id) && peers.is_ours(cancel_key::process_id(1)));
        let hear = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = [0; 16];
            stream.read_exact(&mut heard).await.unwrap();
            heard
        };
        let (heard, ()) = tokio::join!(hear, peers.forward(process_id, &[1, 2, 3, 4]));
        assert_eq!(heard[..8], [0, 0, 0, 16, 4, 210, 22, 46]);
        assert_eq!(heard[8..12], process_id.to_be_bytes());
        assert_eq!(heard[12..], [0x81, 2, 3, 4]);
    }

    #[tokio::test]
    async fn what_was_forwarded_is_forwarded_no_further() {
        let (peers, listener) = peers().await;
        peers.forward(cancel_key::process_id(2), &[0x81, 2, 3, 4]).await;
        peers.forward(cancel_key::process_id(3), &[1, 2, 3, 4]).await;
        let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(nobody.is_err());
    }

    #[tokio::test]
    async fn a_process_that_is_not_there_is_not_waited_for() {
        let (peers, listener) = peers().await;
        drop(listener);
        peers.forward(cancel_key::process_id(2), &[1, 2, 3, 4]).await;
    }
}
