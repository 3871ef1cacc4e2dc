//! The line to a client while it comes in: what was read and not understood yet, what is to be
//! written, and the one way to say no.

use crate::admission::Refusal;
use crate::proxy::stream::ClientStream;
use crate::wire::startup;
use bytes::BytesMut;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// First packets are mostly shorter; many clients may be waiting at once.
const FIRST_READ: usize = 512;
/// Who does not take its refusal is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// A client's line.
pub struct Line {
    stream: ClientStream,
    said: BytesMut,
    answer: BytesMut,
}

/// Why nothing was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unheard {
    /// The client went, or its line broke.
    Gone,
    /// It said what it must not.
    Malformed(startup::Malformed),
}

impl Line {
    /// Nothing has been said on it.
    pub fn new(stream: ClientStream) -> Self {
        Self { stream, said: BytesMut::new(), answer: BytesMut::new() }
    }

    /// The stream, and what was said on it that nobody has read.
    pub fn into_parts(self) -> (ClientStream, BytesMut) {
        (self.stream, self.said)
    }

    /// Whether it is neither encrypted nor of this machine.
    pub fn is_tcp(&self) -> bool {
        matches!(self.stream, ClientStream::Tcp(_))
    }

    /// The connection in clear, of which nothing was read that is still to be understood.
    pub fn into_tcp(self) -> Result<TcpStream, ClientStream> {
        match self.stream {
            ClientStream::Tcp(stream) if self.said.is_empty() => Ok(stream),
            other => Err(other),
        }
    }

    /// The first byte of what the client says, which is left there. Nothing on a socket of this machine.
    pub async fn first_byte(&self) -> Option<u8> {
        let ClientStream::Tcp(stream) = &self.stream else { return None };
        let mut first = [0];
        let read = stream.peek(&mut first).await.ok()?;
        first[..read].first().copied()
    }

    /// Whether something was said that nobody has read.
    pub fn has_more(&self) -> bool {
        !self.said.is_empty()
    }

    /// Takes the next thing off what the client says.
    pub async fn hear<T>(
        &mut self,
        take: impl Fn(&mut BytesMut) -> Result<Option<T>, startup::Malformed>,
    ) -> Result<T, Unheard> {
        loop {
            if let Some(heard) = take(&mut self.said).map_err(Unheard::Malformed)? {
                return Ok(heard);
            }
            self.said.reserve(FIRST_READ);
            match self.stream.read_buf(&mut self.said).await {
                Ok(0) | Err(_) => return Err(Unheard::Gone),
                Ok(_) => {}
            }
        }
    }

    /// Keeps something to be said with the next answer.
    pub fn queue(&mut self, write: impl FnOnce(&mut BytesMut)) {
        write(&mut self.answer);
    }

    /// Says it, behind what was kept.
    pub async fn say(&mut self, write: impl FnOnce(&mut BytesMut)) -> Option<()> {
        write(&mut self.answer);
        let answer = self.answer.split();
        self.stream.write_all(&answer).await.ok()?;
        self.stream.flush().await.ok()
    }

    /// Says that the client is who it says.
    pub async fn authenticated(&mut self) -> Option<()> {
        self.say(startup::authenticated).await
    }

    /// Says no, and that this is the end.
    pub async fn refuse(&mut self, refusal: &Refusal) {
        let Refusal { code, message, detail, hint } = refusal;
        let more = (detail.as_deref(), hint.as_deref());
        let said = async {
            self.say(|out| startup::refuse(code, message, more, out)).await?;
            self.stream.shutdown().await.ok()
        };
        // It is told once; whether it hears it is its own affair.
        let _ = tokio::time::timeout(PATIENCE, said).await;
    }
}
