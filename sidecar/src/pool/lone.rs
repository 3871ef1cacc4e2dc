//! A server connection that belongs to no pool: for one client, who gets it once the few statements
//! that come first have run.

use super::cancel::CancelKey;
use super::channel::Channel;
use super::{Address, Error, authenticate, switch};
use crate::wire::{
    Collector, Incoming, Parameter, Statement, StatementResult, Step, TransactionStatus, frontend,
};
use postgres_protocol::message::backend::Message;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// How often a server is asked to end what a client that has gone had it do.
const INSISTENCE: Duration = Duration::from_secs(1);

/// Such a connection.
pub struct Lone {
    channel: Channel,
    key: CancelKey,
    reported: Vec<Parameter>,
}

impl Lone {
    /// Connects and authenticates.
    pub async fn open(address: &Address) -> Result<Self, Error> {
        let mut channel = address.endpoint.connect(switch::ANSWER_LIMIT).await?;
        let mut reported = Vec::new();
        let key = authenticate::start_reporting(&mut channel, address, &mut reported).await?;
        Ok(Self { channel, key, reported })
    }

    /// Runs a statement.
    pub async fn run(
        &mut self,
        query: &str,
        params: &[&str],
    ) -> Result<Vec<StatementResult>, Error> {
        let params = params.iter().map(|text| Some((*text).to_owned())).collect();
        let statement = Statement { query: query.to_owned(), params };
        frontend::statement(&statement, self.channel.outbox())?;
        frontend::sync(self.channel.outbox());
        let mut collector = Collector::new(switch::ANSWER_LIMIT);
        loop {
            let Incoming::Message(message) = self.channel.next().await? else {
                return Err(Error::Odd("function result"));
            };
            if let Message::ParameterStatus(body) = &message {
                self.reported.extend(Parameter::read(body));
            }
            match collector.take(message)? {
                Step::More => {}
                Step::Ready(TransactionStatus::Idle) => {
                    return collector.into_results().map_err(Error::Statement);
                }
                Step::Ready(_) => return Err(Error::TransactionControl),
            }
        }
    }

    /// By which key its statements are cancelled.
    pub fn key(&self) -> &CancelKey {
        &self.key
    }

    /// What the server has said of its settings so far; what came last holds.
    pub fn reported(&self) -> &[Parameter] {
        &self.reported
    }

    /// Hands it to a client, who has said some of it already, until the server has hung up: when the
    /// client has, or it was `enough`, and nothing is at work any more.
    pub async fn relay(
        self,
        client: impl AsyncRead + AsyncWrite,
        said: &[u8],
        enough: impl Future,
    ) {
        let Self { mut channel, key, .. } = self;
        channel.outbox().extend_from_slice(said);
        let end = async {
            loop {
                tokio::time::sleep(INSISTENCE).await;
                key.cancel().await;
            }
        };
        channel.relay(client, enough, end).await;
    }
}
