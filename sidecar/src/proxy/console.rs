//! The console: operators who connect to the database `tenancy` with psql and see, hold back and end
//! what goes on in this process. Simple queries only. Knows the protocol's messages; what the commands
//! are and do is in the files beside.

mod act;
mod command;
mod show;
mod table;

use super::Face;
use super::handshake::Operator;
use super::refusing::error;
use super::stream::ClientStream;
use crate::admission::Refusal;
use crate::wire::frame::{self, Frame};
use bytes::{Buf, BytesMut};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Commands are short.
const LONGEST: usize = 1 << 16;

/// What clients want to be told. The version makes them ask for nothing of PostgreSQL's.
const PARAMETERS: [(&str, &str); 6] = [
    ("server_version", concat!(env!("CARGO_PKG_VERSION"), "/tenancy")),
    ("client_encoding", "UTF8"),
    ("server_encoding", "UTF8"),
    ("DateStyle", "ISO"),
    ("TimeZone", "UTC"),
    ("standard_conforming_strings", "on"),
];

/// Sees to an operator until it leaves, or the process ends.
pub async fn attend(operator: Box<Operator>, face: Arc<Face>) {
    face.operators.fetch_add(1, Ordering::AcqRel);
    tracing::info!(login = ?operator.login, peer = ?operator.peer, "an operator is at the console");
    let Operator { stream, login, said, .. } = *operator;
    let mut console = Console { face: face.clone(), login, stream, said, skips: false };
    let mut closing = face.closing.subscribe();
    let ended = tokio::select! {
        _ = console.run() => false,
        _ = closing.wait_for(|closing| *closing) => true,
    };
    if ended {
        let _ = console.say(|out| error(&Refusal::ended(), "FATAL", out)).await;
    }
    face.operators.fetch_sub(1, Ordering::AcqRel);
}

struct Console {
    face: Arc<Face>,
    login: String,
    stream: ClientStream,
    said: BytesMut,
    /// After an error of the extended protocol: up to the next Sync nothing counts.
    skips: bool,
}

/// The operator has gone, or what it says cannot be understood.
struct Gone;

impl Console {
    async fn run(&mut self) -> Result<(), Gone> {
        self.say(|out| {
            for (name, value) in PARAMETERS {
                frame::write(b'S', out, |out| {
                    for text in [name, value] {
                        out.extend_from_slice(text.as_bytes());
                        out.push(0);
                    }
                });
            }
            ready(out);
        })
        .await?;
        loop {
            let (tag, body) = self.hear().await?;
            self.message(tag, &body).await?;
        }
    }

    async fn message(&mut self, tag: u8, body: &[u8]) -> Result<(), Gone> {
        match tag {
            b'Q' => {
                self.skips = false;
                let text = frame::text(body).map(|(text, _)| String::from_utf8_lossy(text));
                self.query(&text.unwrap_or_default()).await
            }
            b'S' => {
                self.skips = false;
                self.say(ready).await
            }
            b'P' | b'B' | b'D' | b'E' | b'C' if !self.skips => {
                self.skips = true;
                self.say(|out| error(&simple_only(), "ERROR", out)).await
            }
            b'F' if !self.skips => {
                self.say(|out| {
                    error(&simple_only(), "ERROR", out);
                    ready(out);
                })
                .await
            }
            b'P' | b'B' | b'D' | b'E' | b'C' | b'F' | b'H' | b'd' | b'c' | b'f' => Ok(()),
            _ => Err(Gone),
        }
    }

    /// The answers of all commands up to the first that fails.
    async fn query(&mut self, text: &str) -> Result<(), Gone> {
        let mut out = Vec::new();
        match command::parse(text) {
            Err(refusal) => error(&refusal, "ERROR", &mut out),
            Ok(commands) if commands.is_empty() => frame::write(b'I', &mut out, |_| {}),
            Ok(commands) => {
                for command in commands {
                    let (face, login) = (self.face.clone(), self.login.clone());
                    let done = self.here(act::act(command, &face, &login, &mut out)).await?;
                    if let Err(refusal) = done {
                        error(&refusal, "ERROR", &mut out);
                        break;
                    }
                }
            }
        }
        ready(&mut out);
        self.stream.write_all(&out).await.map_err(|_| Gone)
    }

    /// Does something for as long as the operator is there. PAUSE may take long.
    async fn here<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Gone> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = hung_up(&mut self.stream, &mut self.said) => Err(Gone),
        }
    }

    /// The next message as a whole.
    async fn hear(&mut self) -> Result<(u8, BytesMut), Gone> {
        loop {
            if let Some(Frame { tag, len }) = Frame::read(&self.said).map_err(|_| Gone)? {
                if tag == b'X' {
                    return Err(Gone);
                }
                if len > LONGEST {
                    let refusal = Refusal::new("54000", "the message is too long");
                    self.say(|out| error(&refusal, "FATAL", out)).await?;
                    return Err(Gone);
                }
                if self.said.len() >= len {
                    let mut message = self.said.split_to(len);
                    message.advance(frame::HEADER);
                    return Ok((tag, message));
                }
            }
            match self.stream.read_buf(&mut self.said).await {
                Ok(0) | Err(_) => return Err(Gone),
                Ok(_) => {}
            }
        }
    }

    async fn say(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Gone> {
        let mut out = Vec::new();
        write(&mut out);
        self.stream.write_all(&out).await.map_err(|_| Gone)
    }
}

/// Returns when the operator has gone. What it says meanwhile is kept.
async fn hung_up(stream: &mut ClientStream, said: &mut BytesMut) {
    while said.len() < LONGEST {
        if stream.read_buf(said).await.unwrap_or(0) == 0 {
            return;
        }
    }
    std::future::pending().await
}

fn ready(out: &mut Vec<u8>) {
    out.extend_from_slice(b"Z\0\0\0\x05I");
}

fn simple_only() -> Refusal {
    Refusal::new("0A000", "the console takes simple queries only")
        .hint("Use psql, or a driver's simple protocol, without parameters.")
}
