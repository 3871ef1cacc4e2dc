//! One client's use of a server connection: for a transaction, or for as long as it stays. Carries
//! bytes both ways in one task; what they mean is read by `asking` (to the server) and `answering`
//! (from it), as far as has to be known.

use super::answering::{Answering, MOST_WAITING};
use super::asking::Asking;
use super::client::Client;
use super::expect::{Ledger, Owed};
use super::flow::Flow;
use super::orders::Order;
use super::stream::ClientStream;
use super::trouble::Trouble;
use crate::pool::{Link, Loan, Pooling};
use bytes::BytesMut;
use std::future::poll_fn;
use std::task::{Context, Poll};

/// A client is not listened to while it is owed so many answers.
const MOST_OWED: usize = 1 << 16;
const CLOSE_UNNAMED: &[u8] = b"C\0\0\0\x06S\0";

/// The two of them.
pub struct Exchange<'a> {
    pub(super) client: &'a mut Client,
    pub(super) stream: &'a mut ClientStream,
    pub(super) loan: Loan,
    /// From the client to the server.
    pub(super) up: Flow,
    /// From the server to the client.
    pub(super) down: Flow,
    pub(super) ledger: Ledger,
    pub(super) asking: Asking,
    pub(super) answering: Answering,
}

/// How it ended when nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The transaction is over and the client stays.
    Over,
    /// The client said that it leaves.
    Left,
}

impl<'a> Exchange<'a> {
    /// With what the client has said already, which is not sent yet.
    pub fn new(
        client: &'a mut Client,
        stream: &'a mut ClientStream,
        loan: Loan,
        (up, down): (Flow, Flow),
    ) -> Self {
        Self {
            client,
            stream,
            loan,
            up,
            down,
            ledger: Ledger::default(),
            asking: Asking::default(),
            answering: Answering::default(),
        }
    }

    /// Runs until the transaction is over, in session pooling until the client leaves.
    pub async fn run(&mut self) -> Result<Done, Trouble> {
        self.begin()?;
        poll_fn(|cx| self.poll(cx)).await
    }

    /// What the client said goes out with the switch in front, where one is needed.
    fn begin(&mut self) -> Result<(), Trouble> {
        let link = self.loan.link()?;
        if !link.is_at(&self.client.place) {
            let mut call = BytesMut::new();
            link.switch(&self.client.route(), &self.client.place, &mut call);
            self.answering.expect_switch();
            self.up.mark();
            self.up.insert(&call);
        } else {
            self.client.registration().handle().runs_on(link.target.clone());
        }
        self.sweep()?;
        self.read_client()
    }

    /// What another client has left as the unnamed statement goes, before this one can say a word: behind
    /// an error the server would read over it.
    fn sweep(&mut self) -> Result<(), Trouble> {
        let client = self.client.registration().handle().process_id;
        let unnamed = &mut self.loan.link()?.unnamed;
        if unnamed.is_some_and(|other| other != client) {
            *unnamed = None;
            self.up.insert(CLOSE_UNNAMED);
            self.owe(Owed::Sweep);
        }
        Ok(())
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Done, Trouble>> {
        self.client.orders().listen(cx);
        loop {
            if self.client.orders().given() >= Order::End {
                return Poll::Ready(Err(Trouble::Ordered));
            }
            // One after the other, for each may have made room for the next.
            let moved = self.ask(cx)? | self.answer(cx)?;
            if self.is_over() {
                return Poll::Ready(Ok(Done::Over));
            }
            if self.asking.has_left() && self.is_last_answer_in() {
                return Poll::Ready(Ok(Done::Left));
            }
            if !moved {
                return Poll::Pending;
            }
        }
    }

    /// From the client to the server; whether anything was read.
    fn ask(&mut self, cx: &mut Context<'_>) -> Result<bool, Trouble> {
        if !self.up.is_drained() {
            let (_, writer) = self.loan.link()?.halves();
            // That the server is gone is for its own last words to say.
            let _ = self.up.poll_write(cx, writer);
        }
        // Nothing more is read until the switch is answered: behind one that failed, what the client has
        // said so far is said again.
        let still = !self.up.is_drained() || self.answering.is_switching();
        if still || self.asking.has_left() || self.has_enough() {
            return Ok(false);
        }
        match self.up.poll_read(cx, self.stream) {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(0) | Err(_)) => Err(Trouble::ClientGone),
            Poll::Ready(Ok(_)) => {
                self.read_client()?;
                Ok(true)
            }
        }
    }

    /// Whether the client has said much more than it has heard answers to.
    fn has_enough(&self) -> bool {
        self.ledger.len() > MOST_OWED || self.down.waiting() > MOST_WAITING
    }

    /// From the server to the client; whether anything was read, or can be now.
    fn answer(&mut self, cx: &mut Context<'_>) -> Result<bool, Trouble> {
        let read = self.hear(cx)?;
        if self.answering.is_switching() || self.down.is_drained() {
            return Ok(read);
        }
        match self.down.poll_write(cx, self.stream) {
            Poll::Ready(Err(_)) => Err(Trouble::ClientGone),
            Poll::Ready(Ok(())) => Ok(true),
            Poll::Pending => Ok(read),
        }
    }

    fn hear(&mut self, cx: &mut Context<'_>) -> Result<bool, Trouble> {
        if !self.down.is_drained() && !self.answering.is_switching() {
            return Ok(false);
        }
        let (reader, _) = self.loan.link()?.halves();
        match self.down.poll_read(cx, reader) {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(0) | Err(_)) => Err(self.answering.lost()),
            Poll::Ready(Ok(_)) => {
                self.read_server()?;
                Ok(true)
            }
        }
    }

    /// Whether the connection can go to somebody else: all is answered, nothing is half said. What the
    /// client has yet to read is no matter of the server's.
    fn is_over(&self) -> bool {
        self.client.place.pooling == Pooling::Transaction
            && self.answering.is_idle()
            && self.is_settled()
    }

    /// Whether a client that leaves has nothing more to wait for: what it asked before is done, as it
    /// would be without us.
    fn is_last_answer_in(&self) -> bool {
        self.up.is_drained() && self.ledger.waits_for_client()
    }

    /// Whether nothing is under way.
    fn is_settled(&self) -> bool {
        self.ledger.is_settled() && self.asking.is_between_messages() && self.up.is_drained()
    }

    /// What becomes of the connection, and what is left of the bytes both ways; whether those to the
    /// client end with a whole message.
    pub fn end(self, result: &Result<Done, Trouble>) -> ((Flow, Flow), bool) {
        let cancelled = self.client.registration().handle().runs_no_more();
        let (idle, certain) = (self.answering.is_idle(), self.ledger.is_certain());
        let settled = self.is_settled() && certain;
        let whole = self.answering.is_between_messages();
        match result {
            Err(trouble) if trouble.is_of_the_server() => drop(self.loan),
            // Its transaction ends with the connection.
            _ if !idle && self.ledger.is_settled() && certain => drop(self.loan),
            _ if !idle || !settled => _ = tokio::spawn(self.loan.abandon()),
            _ if cancelled || self.client.place.pooling == Pooling::Session => {
                tokio::spawn(self.loan.park());
            }
            _ => self.loan.give_back(),
        }
        ((self.up, self.down), whole)
    }

    /// The connection.
    pub(super) fn link(&mut self) -> Result<&mut Link, Trouble> {
        Ok(self.loan.link()?)
    }
}
