//! What comes before a session: requests for encryption, cancel requests, the start packet and the
//! version of the protocol (src/backend/tcop/backend_startup.c).

use super::Encryption;
use super::counters::Outcome;
use super::line::{Line, Unheard};
use crate::admission::Refusal;
use crate::proxy::stream::ClientStream;
use crate::tls::{self, Accepted};
use crate::wire::Parameter;
use crate::wire::startup::{self, Malformed, Opening};
use std::sync::Arc;
use tenancy_core::hostname::Hostname;

/// The newest minor version that we speak; of the older ones only 0 was ever in use.
const NEWEST: u16 = 2;
/// The first byte of TLS, which no packet in clear starts with: it would be too long.
const TLS_HANDSHAKE: u8 = 0x16;

/// What a connection was opened for.
pub enum Opened {
    /// A session.
    Session(Line, Start),
    /// To cancel.
    Cancel { process_id: i32, secret: Vec<u8>, line: Line },
    /// Nothing: it is over.
    Ended(Outcome),
}

/// What is known when a session is asked for.
pub struct Start {
    /// The minor version to speak from now on: 0 or 2.
    pub minor: u16,
    /// User, database, settings.
    pub parameters: Vec<Parameter>,
    /// The host that the client called us by, if TLS told one.
    pub server_name: Option<Hostname>,
    /// What binds a login to the certificate that the client was shown.
    pub end_point: Option<Arc<[u8]>>,
}

/// Reads up to the start packet, and settles encryption and version.
pub async fn open(stream: ClientStream, encryption: Option<&Encryption>) -> Opened {
    let mut begun = Begun::new(stream);
    if let Some(encryption) = encryption
        && begun.line.first_byte().await == Some(TLS_HANDSHAKE)
    {
        begun.has_asked_tls = true;
        begun = match begun.encrypt(encryption, tls::Start::Direct).await {
            Ok(encrypted) => encrypted,
            Err(ended) => return ended,
        };
    }
    loop {
        begun = match begun.attend(encryption).await {
            Ok(again) => again,
            Err(opened) => return opened,
        };
    }
}

/// A connection of which nobody knows yet what it is for. What each step gives back in the place of
/// an error is the end of it, good or bad.
struct Begun {
    line: Line,
    /// Each is asked for once at most, as of PostgreSQL.
    has_asked_tls: bool,
    has_asked_gss: bool,
    server_name: Option<Hostname>,
    end_point: Option<Arc<[u8]>>,
}

impl Begun {
    fn new(stream: ClientStream) -> Self {
        Self {
            line: Line::new(stream),
            has_asked_tls: false,
            has_asked_gss: false,
            server_name: None,
            end_point: None,
        }
    }

    /// Hears the next packet and does what it asks for.
    async fn attend(mut self, encryption: Option<&Encryption>) -> Result<Self, Opened> {
        let asked = match self.line.hear(startup::take).await {
            Ok(asked) => asked,
            Err(Unheard::Gone) => return Err(Opened::Ended(Outcome::HungUp)),
            Err(Unheard::Malformed(why)) => return Err(self.end(malformed(why)).await),
        };
        match asked {
            Opening::Tls if !self.has_asked_tls => {
                self.has_asked_tls = true;
                self.answer_tls(encryption).await
            }
            Opening::Gss if !self.has_asked_gss => {
                self.has_asked_gss = true;
                self.deny().await
            }
            Opening::Tls | Opening::Gss => {
                let twice = Refusal::new("08P01", "encryption is asked for twice");
                Err(self.end(Some(twice)).await)
            }
            Opening::Cancel { process_id, secret } => {
                Err(Opened::Cancel { process_id, secret, line: self.line })
            }
            Opening::Session { minor, parameters } => {
                Err(self.session(minor, parameters, encryption).await)
            }
        }
    }

    async fn answer_tls(mut self, encryption: Option<&Encryption>) -> Result<Self, Opened> {
        let Some(encryption) = encryption.filter(|_| self.line.is_tcp()) else {
            return self.deny().await;
        };
        self = self.nothing_more().await?;
        let said = self.line.say(|out| out.extend_from_slice(b"S")).await;
        said.ok_or(Opened::Ended(Outcome::HungUp))?;
        self.encrypt(encryption, tls::Start::Requested).await
    }

    /// Says that there is no such encryption here.
    async fn deny(mut self) -> Result<Self, Opened> {
        self = self.nothing_more().await?;
        let said = self.line.say(|out| out.extend_from_slice(b"N")).await;
        said.ok_or(Opened::Ended(Outcome::HungUp))?;
        Ok(self)
    }

    /// Who speaks on before it has heard whether it may encrypt may be two: a client, and somebody in
    /// between who has put in words of his own, to be taken for the client's (CVE-2021-23222).
    async fn nothing_more(self) -> Result<Self, Opened> {
        if !self.line.has_more() {
            return Ok(self);
        }
        let refusal = Refusal::new("08P01", "received unencrypted data after a request for encryption").detail(
            "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
        );
        Err(self.end(Some(refusal)).await)
    }

    async fn encrypt(self, encryption: &Encryption, start: tls::Start) -> Result<Self, Opened> {
        let Ok(stream) = self.line.into_tcp() else {
            return Err(Opened::Ended(Outcome::Encryption));
        };
        // It is large, and over before the client is in.
        let accepted = Box::pin(encryption.certificates.accept(stream, start)).await;
        let Accepted { stream, server_name, end_point } = accepted.map_err(|error| {
            tracing::debug!(%error, "no TLS with a client");
            Opened::Ended(Outcome::Encryption)
        })?;
        Ok(Self {
            line: Line::new(ClientStream::Tls(Box::new(stream))),
            server_name: server_name.and_then(|name| Hostname::parse(&name).ok()),
            end_point,
            ..self
        })
    }

    async fn session(
        mut self,
        asked: u16,
        parameters: Vec<Parameter>,
        encryption: Option<&Encryption>,
    ) -> Opened {
        if encryption.is_some_and(|encryption| encryption.is_required) && self.line.is_tcp() {
            let refusal = Refusal::new("28000", "connections without encryption are not accepted")
                .hint("Connect with sslmode=require, or better sslmode=verify-full.");
            self.line.refuse(&refusal).await;
            return Opened::Ended(Outcome::Encryption);
        }
        let minor = if asked >= NEWEST { NEWEST } else { 0 };
        if asked > NEWEST || parameters.iter().any(|p| p.name.starts_with("_pq_.")) {
            self.line.queue(|out| startup::negotiate(minor, &parameters, out));
        }
        let Self { line, server_name, end_point, .. } = self;
        Opened::Session(line, Start { minor, parameters, server_name, end_point })
    }

    /// Ends it, with a word to who may understand it.
    async fn end(mut self, refusal: Option<Refusal>) -> Opened {
        if let Some(refusal) = refusal {
            self.line.refuse(&refusal).await;
        }
        Opened::Ended(Outcome::Protocol)
    }
}

/// What can be said about it; nothing to who may not speak this protocol at all.
fn malformed(why: Malformed) -> Option<Refusal> {
    match why {
        Malformed::Length => None,
        Malformed::Version(..) => {
            Some(Refusal::new("0A000", format!("{why}: server supports 3.0 to 3.{NEWEST}")))
        }
        Malformed::Layout => Some(Refusal::new("08P01", "invalid startup packet layout")),
    }
}
