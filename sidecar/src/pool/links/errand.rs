//! What is done on a connection on loan besides carrying a client's bytes: the first look into the
//! tenant, parking, and the end of what a client who has gone left running.

use super::Loan;
use crate::pool::Error;
use crate::pool::cancel::hang_up;
use crate::pool::link::{Link, Place};
use crate::wire::{ErrorReport, Incoming, Parameter};
use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A connection that does not answer in this time is closed.
const PATIENCE: Duration = Duration::from_secs(5);
/// A backend that has not ended this long after it was asked to is asked more firmly.
const GRACE: Duration = Duration::from_secs(2);
/// How often to look whether a cancel request has been seen to.
const GLANCE: Duration = Duration::from_millis(5);

impl Loan {
    /// Puts the connection into the tenant, with nothing behind the switch.
    ///
    /// # Errors
    /// `Switch` with the server's report when it was refused; others when the connection is of no
    /// further use.
    pub async fn enter(&mut self, route: &str, place: &Place) -> Result<(), Error> {
        let link = self.link()?;
        let mut call = BytesMut::new();
        link.switch(route, place, &mut call);
        let answer = ask(link, call).await?;
        let answer = answer.ok_or(Error::Odd("switch answered NULL"))?;
        link.arrive(place, &answer)
    }

    /// Leads the connection between tenants, with nothing left of its client, and gives it back. One
    /// that a cancel request may still hit is held until that has been seen to: by then the signal has
    /// been sent, and the answer to a later message says that it has come and gone.
    pub async fn park(mut self) {
        let parked = tokio::time::timeout(PATIENCE, async {
            let Ok(link) = self.link() else { return Ok(None) };
            let target = link.target.clone();
            while target.requests.load(Ordering::SeqCst) > 0 {
                tokio::time::sleep(GLANCE).await;
            }
            let mut call = BytesMut::new();
            link.park(&mut call);
            ask(link, call).await
        });
        match parked.await {
            Ok(Ok(None)) => self.give_back(),
            Ok(Ok(Some(_))) => {
                tracing::error!("server connection closed: parking answered a tenant")
            }
            Ok(Err(error)) => tracing::warn!(%error, "server connection closed: not parked"),
            Err(_) => self.abandon().await,
        }
    }

    /// Ends what may still run, and closes the connection. Its place is free only once the server has
    /// let go.
    pub async fn abandon(mut self) {
        if let Some(Link { channel, target, .. }) = self.link.as_mut() {
            hang_up(channel, &target.key, GRACE).await;
        }
    }
}

/// A FunctionCall with nothing else under way, and its answer.
async fn ask(link: &mut Link, call: BytesMut) -> Result<Option<String>, Error> {
    *link.channel.outbox() = call;
    let mut answer = None;
    loop {
        match link.channel.next().await? {
            Incoming::FunctionResult(result) => answer = Some(Ok(result)),
            Incoming::Message(Message::ErrorResponse(body)) => {
                answer = Some(Err(Box::new(ErrorReport::read(body.fields()))));
            }
            Incoming::Message(Message::ParameterStatus(body)) => {
                Parameter::read(&body).and_then(|parameter| link.report(parameter));
            }
            Incoming::Message(Message::NoticeResponse(_)) => {}
            Incoming::Message(Message::ReadyForQuery(body)) if body.status() == b'I' => {
                let answer = answer.ok_or(Error::Odd("function call without an answer"))?;
                return answer.map_err(Error::Switch);
            }
            Incoming::Message(_) => return Err(Error::Odd("message out of place")),
        }
    }
}
