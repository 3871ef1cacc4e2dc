//! One sealed server connection. `clean` is true only between a successful park and the next
//! use: whatever goes wrong in between, the connection is closed instead of handed on.

use super::Error;
use super::cancel::CancelKey;
use super::channel::Channel;
use super::seal::Sealed;
use crate::wire::{Collector, ErrorReport, Incoming, StatementResult, Step, TransactionStatus};
use postgres_protocol::message::backend::Message;

/// A server connection in the pool or lent out.
pub struct Slot {
    pub(super) channel: Channel,
    pub(super) key: CancelKey,
    pub(super) sealed: Sealed,
    pub(super) clean: bool,
}

impl Slot {
    /// A connection that was just sealed, hence is in `closed`.
    pub(super) fn new(channel: Channel, key: CancelKey, sealed: Sealed) -> Self {
        Self { channel, key, sealed, clean: true }
    }

    /// Whether it is parked in `closed` with nothing under way.
    pub(super) fn is_clean(&self) -> bool {
        self.clean
    }
}

type Reported<T> = Result<T, Box<ErrorReport>>;

/// Reads one answer up to its ReadyForQuery.
pub async fn collect(
    channel: &mut Channel,
    limit: usize,
) -> Result<(Reported<Vec<StatementResult>>, TransactionStatus), Error> {
    let mut collector = Collector::new(limit);
    loop {
        let message = match channel.next().await {
            Ok(Incoming::Message(message)) => message,
            Ok(Incoming::FunctionResult(_)) => return Err(Error::Odd("function result")),
            // The server's parting words say more than the end of the stream.
            Err(Error::Lost(None)) => {
                let last = collector.into_results().err().filter(|report| report.is_fatal());
                return Err(Error::Lost(last));
            }
            Err(error) => return Err(error),
        };
        if let Step::Ready(status) = collector.take(message)? {
            return Ok((collector.into_results(), status));
        }
    }
}

/// Reads the answer to a FunctionCall, which must leave no transaction open.
pub async fn function_result(channel: &mut Channel) -> Result<Reported<Option<String>>, Error> {
    let mut answer = None;
    loop {
        match channel.next().await {
            Ok(Incoming::FunctionResult(result)) => answer = Some(Ok(result)),
            Ok(Incoming::Message(Message::ErrorResponse(body))) => {
                answer = Some(Err(Box::new(ErrorReport::read(body.fields()))));
            }
            Ok(Incoming::Message(Message::ReadyForQuery(body))) => {
                if TransactionStatus::read(body.status()) != Some(TransactionStatus::Idle) {
                    return Err(Error::Odd("a transaction after a function call"));
                }
                return answer.ok_or(Error::Odd("function call without an answer"));
            }
            Ok(Incoming::Message(
                Message::NoticeResponse(_)
                | Message::ParameterStatus(_)
                | Message::NotificationResponse(_),
            )) => {}
            Ok(Incoming::Message(_)) => return Err(Error::Odd("message out of place")),
            Err(Error::Lost(None)) => {
                let last = answer.and_then(Result::err).filter(|report| report.is_fatal());
                return Err(Error::Lost(last));
            }
            Err(error) => return Err(error),
        }
    }
}
