//! A client of single protocol messages: it sends what a test puts together, in the order and the
//! packets the test wants, and reads one answer at a time. For what no driver would do: FunctionCall,
//! pipelines with an error in the middle, stolen statement names, a connection that just vanishes.

mod handshake;
mod reply;
mod request;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::login::Login;
pub use reply::{Reply, ServerError};
pub use request::Request;

/// A connection to the server (or to something that speaks like one).
pub struct Wire {
    stream: TcpStream,
    received: BytesMut,
    /// Process id and secret key, for a cancel request.
    pub key: (i32, i32),
}

impl Wire {
    /// Connects to the login's own server and authenticates; panics when refused.
    pub async fn connect(login: &Login) -> Wire {
        Wire::connect_to(login, login.port()).await.expect("the server lets the login in")
    }

    /// The same at another port of 127.0.0.1; the server's error when refused.
    pub async fn connect_to(login: &Login, port: u16) -> Result<Wire, ServerError> {
        Wire::connect_with(login, port, &[]).await
    }

    /// The same with more parameters of the start packet.
    pub async fn connect_with(
        login: &Login,
        port: u16,
        parameters: &[(&str, &str)],
    ) -> Result<Wire, ServerError> {
        let stream =
            TcpStream::connect(("127.0.0.1", port)).await.expect("something listens there");
        stream.set_nodelay(true).expect("TCP sockets take it");
        let mut wire = Wire { stream, received: BytesMut::new(), key: (0, 0) };
        handshake::authenticate(&mut wire, login, parameters).await?;
        Ok(wire)
    }

    /// Sends messages in one packet, without waiting for an answer.
    pub async fn send(&mut self, request: Request) {
        self.stream.write_all(&request.into_bytes()).await.expect("the connection is open");
    }

    /// Sends bytes that need not be a message.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the connection is open");
    }

    /// Asks at a port of 127.0.0.1 that what the connection of `key` runs be cancelled; returns when
    /// that was seen to.
    pub async fn cancel(&self, port: u16) {
        let mut stream =
            TcpStream::connect(("127.0.0.1", port)).await.expect("something listens there");
        let mut request = BytesMut::new();
        postgres_protocol::message::frontend::cancel_request(self.key.0, self.key.1, &mut request);
        stream.write_all(&request).await.expect("the connection is open");
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }

    /// The next message; None when the server has closed the connection.
    pub async fn next(&mut self) -> Option<Reply> {
        while !self.holds_a_message() {
            // A server that dies resets the connection: that is a close as well.
            if self.stream.read_buf(&mut self.received).await.unwrap_or(0) == 0 {
                return None;
            }
        }
        let tag = self.received.get_u8();
        let length = self.received.get_i32() as usize - 4;
        Some(Reply::parse(tag, self.received.split_to(length).freeze()))
    }

    /// Everything up to and with the next ReadyForQuery, or to the end of the connection.
    pub async fn until_ready(&mut self) -> Vec<Reply> {
        let mut replies = Vec::new();
        while let Some(reply) = self.next().await {
            let ready = matches!(reply, Reply::Ready(_));
            replies.push(reply);
            if ready {
                break;
            }
        }
        replies
    }

    /// Sends messages and reads up to the next ReadyForQuery.
    pub async fn ask(&mut self, request: Request) -> Vec<Reply> {
        self.send(request).await;
        self.until_ready().await
    }

    /// A statement as a simple Query; its rows, or the first error.
    pub async fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, ServerError> {
        reply::rows(self.ask(Request::new().query(sql)).await)
    }

    fn holds_a_message(&self) -> bool {
        let header = self.received.get(1..5).and_then(|bytes| bytes.try_into().ok());
        header.is_some_and(|length| self.received.len() > u32::from_be_bytes(length) as usize)
    }
}
