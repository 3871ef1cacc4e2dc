//! What comes before a session: requests for encryption, cancel requests, the start packet and the
//! version of the protocol (src/backend/tcop/backend_startup.c).

use super::counters::Outcome;
use super::line::{Line, Unheard};
use crate::admission::Refusal;
use crate::wire::Parameter;
use crate::wire::startup::{self, Malformed, Opening};

/// The newest minor version that we speak; of the older ones only 0 was ever in use.
const NEWEST: u16 = 2;

/// What a connection was opened for.
pub enum Opened {
    /// A session.
    Session(Line, Start),
    /// To cancel.
    Cancel { process_id: i32, secret: Vec<u8> },
    /// Nothing: it is over.
    Ended(Outcome),
}

/// What a start packet says.
pub struct Start {
    /// The minor version to speak from now on: 0 or 2.
    pub minor: u16,
    /// User, database, settings.
    pub parameters: Vec<Parameter>,
}

/// Reads up to the start packet, and settles the version.
pub async fn open(mut line: Line) -> Opened {
    let (mut tls, mut gss) = (false, false);
    loop {
        let refused = match line.hear(startup::take).await {
            // Each is asked for once at most, as of PostgreSQL.
            Ok(Opening::Tls) if !std::mem::replace(&mut tls, true) => deny(&mut line).await,
            Ok(Opening::Gss) if !std::mem::replace(&mut gss, true) => deny(&mut line).await,
            Ok(Opening::Tls | Opening::Gss) => Some(again()),
            Ok(Opening::Cancel { process_id, secret }) => {
                return Opened::Cancel { process_id, secret };
            }
            Ok(Opening::Session { minor, parameters }) => {
                return begin(line, minor, parameters);
            }
            Err(Unheard::Gone) => return Opened::Ended(Outcome::HungUp),
            Err(Unheard::Malformed(why)) => {
                if let Some(refusal) = malformed(why) {
                    line.refuse(&refusal).await;
                }
                return Opened::Ended(Outcome::Protocol);
            }
        };
        if let Some(refusal) = refused {
            line.refuse(&refusal).await;
            return Opened::Ended(Outcome::Protocol);
        }
    }
}

/// Says that there is no such encryption here. Who speaks on before it has heard that may be two: a
/// client, and somebody in between who has put in words of his own (CVE-2021-23222).
async fn deny(line: &mut Line) -> Option<Refusal> {
    if line.has_more() {
        return Some(
            Refusal::new("08P01", "received unencrypted data after a request for encryption").detail(
                "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
            ),
        );
    }
    // A line that broke is noticed by who reads next.
    let _ = line.say(|out| out.extend_from_slice(b"N")).await;
    None
}

fn again() -> Refusal {
    Refusal::new("08P01", "encryption is asked for twice")
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

fn begin(mut line: Line, asked: u16, parameters: Vec<Parameter>) -> Opened {
    let minor = if asked >= NEWEST { NEWEST } else { 0 };
    if asked > NEWEST || parameters.iter().any(|p| p.name.starts_with("_pq_.")) {
        line.queue(|out| startup::negotiate(minor, &parameters, out));
    }
    Opened::Session(line, Start { minor, parameters })
}
