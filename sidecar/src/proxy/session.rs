//! One client that was let in, to its end: between transactions it waits without a buffer and without
//! a server connection; for each transaction it borrows one.

use super::client::Client;
use super::clients::Activity;
use super::exchange::{Done, Exchange};
use super::flow::Flow;
use super::orders::Order;
use super::refusing::{self, refuse};
use super::stream::ClientStream;
use super::tenants::add;
use super::trouble::Trouble;
use crate::wire::frame::Frame;
use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

/// A client that does not read its last words is not waited for longer.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A client and the line to it.
pub struct Session {
    client: Client,
    stream: ClientStream,
    /// What it has said and nobody has seen to yet.
    up: Option<Flow>,
    /// What it has yet to hear.
    down: Option<Flow>,
    /// Bytes still to come of a message that means nothing.
    rest: usize,
}

/// What a client that is between transactions wants.
enum Wish {
    /// More of it has to be here first.
    Unclear,
    /// To leave.
    Leave,
    /// That something be done.
    Work,
}

impl Session {
    /// A client that was told that it may ask queries, and has perhaps asked already.
    pub fn new(client: Client, stream: ClientStream, said: &[u8]) -> Self {
        let up = (!said.is_empty()).then(|| Flow::holding(said));
        Self { client, stream, up, down: None, rest: 0 }
    }

    /// Until it leaves, or has to.
    pub async fn run(mut self) {
        let Err(trouble) = self.transactions().await else { return };
        tracing::debug!(?trouble, login = &*self.client.place.login, "a client was let go");
        let Some(refusal) = trouble.last_words() else { return };
        let mut down = self.down.take().unwrap_or_default();
        down.compose(|out| refusing::error(&refusal, "FATAL", out));
        let words = poll_fn(|cx| down.poll_write(cx, &mut self.stream));
        let _ = tokio::time::timeout(LAST_WORDS, words).await;
    }

    async fn transactions(&mut self) -> Result<(), Trouble> {
        loop {
            let mut up = self.hear().await?;
            match wish(&mut up, &mut self.rest)? {
                Wish::Leave => return Ok(()),
                Wish::Unclear => self.keep(up),
                Wish::Work => {
                    // In a box: a client that is idle should not hold the room for its next transaction.
                    if Box::pin(self.work(up)).await? == Done::Left {
                        return Ok(());
                    }
                    self.client.set_activity(Activity::Idle);
                }
            }
        }
    }

    /// What the client says next. While it says nothing it has no buffer.
    async fn hear(&mut self) -> Result<Flow, Trouble> {
        let Self { client, stream, up: waiting, .. } = self;
        if let Some(up) = waiting.take_if(|up| !matches!(Frame::read(up.unread()), Ok(None))) {
            return Ok(up);
        }
        poll_fn(|cx| {
            client.orders().listen(cx);
            if client.orders().given() >= Order::Finish {
                return Poll::Ready(Err(Trouble::Ordered));
            }
            let mut up = waiting.take().unwrap_or_else(|| client.worker.flow());
            match up.poll_read(cx, stream) {
                Poll::Ready(Ok(n)) if n > 0 => return Poll::Ready(Ok(up)),
                Poll::Ready(_) => return Poll::Ready(Err(Trouble::ClientGone)),
                Poll::Pending if up.is_empty() => client.worker.take_back(up),
                Poll::Pending => *waiting = Some(up),
            }
            Poll::Pending
        })
        .await
    }

    /// A transaction, or all of a session. A switch that was refused because the registry has moved on
    /// is tried once more, as the client is let in now.
    async fn work(&mut self, mut up: Flow) -> Result<Done, Trouble> {
        let mut again = true;
        loop {
            let loan = match self.client.borrow().await {
                Ok(loan) => loan,
                Err(refusal) => {
                    add(&self.client.tenant().counters.refusals, 1);
                    refuse(&mut self.stream, &mut up, &refusal).await?;
                    self.keep(up);
                    return Ok(Done::Over);
                }
            };
            let began = Instant::now();
            let flows = (up, self.client.worker.flow());
            let mut exchange = Exchange::new(&mut self.client, &mut self.stream, loan, flows);
            let result = exchange.run().await;
            let (flows, whole) = exchange.end(&result);
            up = flows.0;
            self.client.held(began.elapsed());
            match result {
                Err(Trouble::Switch(report)) if again && is_outdated(&report.code) => {
                    again = false;
                    self.client.forget_route();
                    self.client.worker.take_back(flows.1);
                }
                result => {
                    return self.conclude(result, up, flows.1, whole).await;
                }
            }
        }
    }

    /// Lets the client hear what is left, and keeps what it has said for later.
    async fn conclude(
        &mut self,
        result: Result<Done, Trouble>,
        up: Flow,
        mut down: Flow,
        whole: bool,
    ) -> Result<Done, Trouble> {
        match result {
            Ok(done) => {
                if !down.is_drained() {
                    self.finish(&mut down).await?;
                }
                self.client.worker.take_back(down);
                self.keep(up);
                Ok(done)
            }
            // In the middle of a message there is no place for last words.
            Err(_) if !whole => Err(Trouble::ClientGone),
            Err(trouble) => {
                self.down = Some(down);
                Err(trouble)
            }
        }
    }

    async fn finish(&mut self, down: &mut Flow) -> Result<(), Trouble> {
        let Self { client, stream, .. } = self;
        poll_fn(|cx| {
            client.orders().listen(cx);
            if client.orders().given() >= Order::End {
                return Poll::Ready(Err(Trouble::ClientGone));
            }
            down.poll_write(cx, stream).map_err(|_| Trouble::ClientGone)
        })
        .await
    }

    fn keep(&mut self, up: Flow) {
        if up.is_empty() {
            self.client.worker.take_back(up);
        } else {
            self.up = Some(up);
        }
    }
}

/// What the client wants. What is left of a COPY that failed is passed over, as PostgreSQL does.
fn wish(up: &mut Flow, rest: &mut usize) -> Result<Wish, Trouble> {
    loop {
        let n = up.unread().len().min(*rest);
        up.skip(n);
        *rest -= n;
        if *rest > 0 {
            return Ok(Wish::Unclear);
        }
        match Frame::read(up.unread())? {
            None => return Ok(Wish::Unclear),
            Some(Frame { tag: b'X', .. }) => return Ok(Wish::Leave),
            Some(Frame { tag: b'd' | b'c' | b'f' | b'H', len }) => *rest = len,
            Some(_) => return Ok(Wish::Work),
        }
    }
}

/// Whether a switch failed because the registry has moved on: another generation, or no such tenant
/// any more.
fn is_outdated(code: &str) -> bool {
    matches!(code, "40001" | "3D000")
}
