//! A byte stream to the server and back with its two buffers. Knows framing, no meaning.

use super::Error;
use crate::wire::{Incoming, backend};
use bytes::BytesMut;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// As much as is read at once.
const CHUNK: usize = 16 * 1024;

/// The half of a stream that comes from the server.
pub type Reader = Box<dyn AsyncRead + Send + Sync + Unpin>;
/// The half that goes there.
pub type Writer = Box<dyn AsyncWrite + Send + Sync + Unpin>;

/// Both directions of one connection.
pub struct Channel {
    reader: Reader,
    writer: Writer,
    inbox: BytesMut,
    outbox: BytesMut,
    limit: usize,
}

impl Channel {
    /// Over the halves of any stream; no message may be longer than `limit`.
    pub fn new(
        reader: impl AsyncRead + Send + Sync + Unpin + 'static,
        writer: impl AsyncWrite + Send + Sync + Unpin + 'static,
        limit: usize,
    ) -> Self {
        Self {
            reader: Box::new(reader),
            writer: Box::new(writer),
            inbox: BytesMut::new(),
            outbox: BytesMut::new(),
            limit,
        }
    }

    /// The stream itself, for who reads and writes it in other ways. Whoever does leaves nothing of an
    /// answer behind.
    pub fn halves(&mut self) -> (&mut Reader, &mut Writer) {
        (&mut self.reader, &mut self.writer)
    }

    /// Where messages to the server are written; they leave while `next` waits.
    pub fn outbox(&mut self) -> &mut BytesMut {
        &mut self.outbox
    }

    /// Sends what is in the outbox and gives the next message. Reading goes on while writing
    /// waits: a server that blocks on its own output would otherwise never read our input.
    pub async fn next(&mut self) -> Result<Incoming, Error> {
        loop {
            if let Some(incoming) = backend::take(&mut self.inbox, self.limit)? {
                return Ok(incoming);
            }
            match self.advance().await {
                Ok(0) | Err(_) => return Err(Error::Lost(None)),
                Ok(_) => {}
            }
        }
    }

    /// Carries bytes between a client and the server, whatever they mean, until the server hangs up.
    /// The client is heard until it hangs up or `enough`; `abandoned` runs from then on, for the server
    /// may still be at work on what was said last.
    pub async fn relay(
        self,
        client: impl AsyncRead + AsyncWrite,
        enough: impl Future,
        abandoned: impl Future,
    ) {
        let Self { mut reader, mut writer, inbox, outbox, .. } = self;
        let (mut says, mut hears) = tokio::io::split(client);
        let there = async {
            let _ = writer.write_all(&outbox).await;
            tokio::select! {
                _ = tokio::io::copy(&mut says, &mut writer) => {}
                _ = enough => {}
            }
            let _ = writer.shutdown().await;
            abandoned.await;
        };
        let back = async {
            let _ = hears.write_all(&inbox).await;
            let _ = tokio::io::copy(&mut reader, &mut hears).await;
            let _ = hears.shutdown().await;
            // A client that has gone does not hear the rest; the server has its say all the same.
            let _ = tokio::io::copy(&mut reader, &mut tokio::io::sink()).await;
        };
        let mut back = pin!(back);
        tokio::select! {
            () = &mut back => {}
            _ = there => back.await,
        }
    }

    async fn advance(&mut self) -> io::Result<usize> {
        let Self { reader, writer, inbox, outbox, .. } = self;
        inbox.reserve(CHUNK);
        if outbox.is_empty() {
            return reader.read_buf(inbox).await;
        }
        tokio::select! {
            written = writer.write_buf(outbox) => written,
            read = reader.read_buf(inbox) => read,
        }
    }

    /// Says that nothing more will be sent, and throws away what still arrives until the server
    /// hangs up. What is in the outbox never leaves: it may be what commits.
    pub async fn close(&mut self) {
        self.outbox.clear();
        let _ = self.writer.shutdown().await;
        loop {
            self.inbox.clear();
            self.inbox.reserve(CHUNK);
            if matches!(self.reader.read_buf(&mut self.inbox).await, Ok(0) | Err(_)) {
                return;
            }
        }
    }

    /// Whether nothing has come in and the server has not hung up, as far as this side can know.
    pub fn is_quiet(&mut self) -> bool {
        if !self.inbox.is_empty() || !self.outbox.is_empty() {
            return false;
        }
        self.inbox.reserve(1);
        let read = pin!(self.reader.read_buf(&mut self.inbox));
        matches!(read.poll(&mut Context::from_waker(Waker::noop())), Poll::Pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frontend;
    use postgres_protocol::message::backend::Message;
    use tokio::io::split;

    fn pair(capacity: usize) -> (Channel, tokio::io::DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(capacity);
        let (reader, writer) = split(ours);
        (Channel::new(reader, writer, 1 << 20), theirs)
    }

    #[tokio::test]
    async fn a_server_that_writes_before_it_reads_does_not_block_us() {
        let (mut channel, mut server) = pair(64);
        channel.outbox().extend_from_slice(&[0; 4096]);
        let serve = async {
            // More output than the pipe holds, before a single byte of input is read.
            for _ in 0..100 {
                server.write_all(b"1\x00\x00\x00\x04").await.unwrap();
            }
            server.read_exact(&mut [0; 4096]).await.unwrap();
            server.write_all(b"Z\x00\x00\x00\x05I").await.unwrap();
        };
        let read = async {
            loop {
                if let Incoming::Message(Message::ReadyForQuery(_)) = channel.next().await.unwrap()
                {
                    return;
                }
            }
        };
        tokio::join!(serve, read);
    }

    #[tokio::test]
    async fn quiet_means_neither_end_of_stream_nor_unsolicited_bytes() {
        let (mut channel, mut server) = pair(64);
        assert!(channel.is_quiet());
        server.write_all(b"N").await.unwrap();
        assert!(!channel.is_quiet());
        let (mut channel, server) = pair(64);
        drop(server);
        assert!(!channel.is_quiet());
        let (mut channel, _server) = pair(64);
        frontend::sync(channel.outbox());
        assert!(!channel.is_quiet());
    }
}
