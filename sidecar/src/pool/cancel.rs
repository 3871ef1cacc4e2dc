//! Asks the server to cancel what a connection of ours is running.

use super::Endpoint;
use super::channel::Channel;
use postgres_protocol::message::frontend;
use std::time::Duration;

/// A cancel that takes longer is of no use: the connection is closed anyway.
const PATIENCE: Duration = Duration::from_secs(2);

/// What BackendKeyData told us.
#[derive(Clone)]
pub struct CancelKey {
    pub(super) endpoint: Endpoint,
    pub(super) process_id: i32,
    pub(super) secret: i32,
}

impl CancelKey {
    /// Sends the request and waits until the server has taken note of it, for by then the signal
    /// is sent. The connection must not be used again: a late signal would hit its next tenant.
    pub(super) async fn cancel(&self) {
        let sent = tokio::time::timeout(PATIENCE, self.send()).await;
        if sent.is_err() {
            tracing::warn!(process_id = self.process_id, "cancel request got no answer in time");
        }
    }

    async fn send(&self) {
        let Ok(mut channel) = self.endpoint.connect(16).await else { return };
        self.write(&mut channel);
        // The server never answers a cancel request; it hangs up when it is done.
        let _ = channel.next().await;
    }

    fn write(&self, channel: &mut Channel) {
        frontend::cancel_request(self.process_id, self.secret, channel.outbox());
    }
}
