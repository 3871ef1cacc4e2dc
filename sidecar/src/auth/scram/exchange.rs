//! The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, 7677, 5929) as PostgreSQL
//! has it (src/backend/libpq/auth-scram.c): what is refused there is refused here in its words.
//! Messages in, messages out; who sends them is not known here.
//!
//! No library does this as PostgreSQL does: a login that does not exist must be indistinguishable
//! until the end (same salt each time, same errors), the proof is compared in constant time, and the
//! user's name in the messages is passed over for the one of the start packet.

use super::{Verifier, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const END_POINT: &str = "tls-server-end-point";
/// As PostgreSQL's.
const NONCE_BYTES: usize = 18;

/// Which of the two a client chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// SCRAM-SHA-256.
    Plain,
    /// SCRAM-SHA-256-PLUS: bound to the certificate that the client saw.
    Plus,
}

/// A message that is out of order; the exchange is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// SQLSTATE.
    pub code: &'static str,
    /// What is wrong.
    pub message: &'static str,
    /// More of it.
    pub detail: Option<&'static str>,
}

/// How the exchange ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client knows the password; by this last message it knows that we know the verifier.
    Proved(String),
    /// It does not, or the login is none.
    Failed,
}

/// An exchange after the client's first message.
pub struct Exchange {
    verifier: Verifier,
    /// What `c=` must be in the client's last message.
    binding: String,
    nonce: String,
    first_bare: String,
    server_first: String,
}

fn malformed(detail: &'static str) -> Violation {
    Violation { code: "08P01", message: "malformed SCRAM message", detail: Some(detail) }
}

impl Exchange {
    /// Reads a client's first message. `end_point` is the hash of our certificate where the
    /// connection is encrypted: then the mechanism with binding was offered, and a client that
    /// would have it but saw no offer was lied to by somebody in between.
    pub fn begin(
        message: &[u8],
        mechanism: Mechanism,
        end_point: Option<&[u8]>,
        verifier: Verifier,
    ) -> Result<Self, Violation> {
        let server_nonce = STANDARD.encode(rand::random::<[u8; NONCE_BYTES]>());
        Self::begin_with(message, mechanism, end_point, verifier, &server_nonce)
    }

    fn begin_with(
        message: &[u8],
        mechanism: Mechanism,
        end_point: Option<&[u8]>,
        verifier: Verifier,
        server_nonce: &str,
    ) -> Result<Self, Violation> {
        let text = text(message)?;
        let (flag, rest) = text.split_once(',').ok_or(malformed("Comma expected."))?;
        let binding = binding(flag, mechanism, end_point)?;
        let bare = match rest.split_once(',') {
            Some(("", bare)) => bare,
            Some((authzid, _)) if authzid.starts_with("a=") => {
                return Err(Violation {
                    code: "0A000",
                    message: "client uses authorization identity, but it is not supported",
                    detail: None,
                });
            }
            _ => return Err(malformed("Unexpected attribute in client-first-message.")),
        };
        let nonce = format!("{}{server_nonce}", client_nonce(bare)?);
        let salt = STANDARD.encode(&verifier.salt);
        let server_first = format!("r={nonce},s={salt},i={}", verifier.iterations);
        Ok(Self { verifier, binding, nonce, first_bare: bare.to_owned(), server_first })
    }

    /// What to answer the first message with.
    pub fn challenge(&self) -> &str {
        &self.server_first
    }

    /// Reads the client's last message.
    pub fn finish(self, message: &[u8]) -> Result<Outcome, Violation> {
        let text = text(message)?;
        let (unproved, proof) =
            text.rsplit_once(",p=").ok_or(malformed("The message holds no proof."))?;
        let (binding, rest) =
            unproved.split_once(",r=").ok_or(malformed("The message holds no nonce."))?;
        self.check_binding(binding)?;
        if rest.split(',').next() != Some(self.nonce.as_str()) {
            return Err(Violation {
                code: "08P01",
                message: "invalid SCRAM response",
                detail: Some("Nonce does not match."),
            });
        }
        let proof = STANDARD.decode(proof).ok().and_then(|proof| <[u8; 32]>::try_from(proof).ok());
        let proof = proof.ok_or(malformed("Malformed proof in client-final-message."))?;
        let signed = format!("{},{},{unproved}", self.first_bare, self.server_first);
        match self.is_proof(proof, signed.as_bytes()) {
            true => Ok(Outcome::Proved(self.signature(signed.as_bytes()))),
            false => Ok(Outcome::Failed),
        }
    }

    fn check_binding(&self, given: &str) -> Result<(), Violation> {
        let given = given.strip_prefix("c=").ok_or(malformed("Attribute \"c\" expected."))?;
        let is_same: bool = given.as_bytes().ct_eq(self.binding.as_bytes()).into();
        match is_same {
            true => Ok(()),
            false => Err(Violation {
                code: "28000",
                message: "SCRAM channel binding check failed",
                detail: None,
            }),
        }
    }

    /// A proof is the client's key under a signature that who knows the stored key can compute.
    fn is_proof(&self, mut proof: [u8; 32], signed: &[u8]) -> bool {
        let signature = hmac(&self.verifier.stored_key, signed);
        proof.iter_mut().zip(signature).for_each(|(byte, mask)| *byte ^= mask);
        let same = Sha256::digest(proof).as_slice().ct_eq(&self.verifier.stored_key);
        bool::from(same) && !self.verifier.is_stand_in
    }

    fn signature(&self, signed: &[u8]) -> String {
        format!("v={}", STANDARD.encode(hmac(&self.verifier.server_key, signed)))
    }
}

/// Zero bytes would hide what follows from whoever reads it as C does.
fn text(message: &[u8]) -> Result<&str, Violation> {
    let text = std::str::from_utf8(message).ok().filter(|text| !text.contains('\0'));
    text.ok_or(malformed("The message is no text."))
}

/// What the client must send as its binding in the last message, by the flag in its first.
fn binding(
    flag: &str,
    mechanism: Mechanism,
    end_point: Option<&[u8]>,
) -> Result<String, Violation> {
    match (flag, mechanism, end_point) {
        ("n", Mechanism::Plain, _) | ("y", Mechanism::Plain, None) => {
            Ok(STANDARD.encode(format!("{flag},,")))
        }
        ("y", Mechanism::Plain, Some(_)) => Err(Violation {
            code: "28000",
            message: "SCRAM channel binding negotiation error",
            detail: Some(
                "The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.",
            ),
        }),
        ("n" | "y", Mechanism::Plus, _) => Err(malformed(
            "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.",
        )),
        (flag, _, _) if !flag.starts_with("p=") => {
            Err(malformed("Unexpected channel-binding flag."))
        }
        (_, Mechanism::Plain, _) | (_, _, None) => Err(malformed(
            "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.",
        )),
        (flag, Mechanism::Plus, Some(hash)) if &flag[2..] == END_POINT => {
            let mut bound = format!("{flag},,").into_bytes();
            bound.extend_from_slice(hash);
            Ok(STANDARD.encode(bound))
        }
        _ => Err(Violation {
            code: "08P01",
            message: "unsupported SCRAM channel-binding type",
            detail: None,
        }),
    }
}

/// The nonce in `n=<user>,r=<nonce>[,...]`.
fn client_nonce(bare: &str) -> Result<&str, Violation> {
    if bare.starts_with("m=") {
        return Err(Violation {
            code: "0A000",
            message: "client requires an unsupported SCRAM extension",
            detail: None,
        });
    }
    let mut attributes = bare.split(',');
    let user = attributes.next().and_then(|user| user.strip_prefix("n="));
    user.ok_or(malformed("Attribute \"n\" expected."))?;
    let nonce = attributes.next().and_then(|nonce| nonce.strip_prefix("r="));
    let nonce = nonce.ok_or(malformed("Attribute \"r\" expected."))?;
    match !nonce.is_empty() && nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(nonce),
        false => Err(malformed("Non-printable characters in SCRAM nonce.")),
    }
}

#[cfg(test)]
mod tests;
