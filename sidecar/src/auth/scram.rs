//! PostgreSQL's SCRAM-SHA-256 verifier, as pg_authid keeps it, checked against a password in
//! clear (RFC 5802; src/common/scram-common.c and saslprep.c in PostgreSQL), or against a client's
//! proof (`exchange`).

mod exchange;

pub use exchange::{Exchange, Mechanism, Outcome, Violation};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use subtle::ConstantTimeEq;

/// PostgreSQL's default, which a login that does not exist must cost as well.
const DEFAULT_ITERATIONS: u32 = 4096;

/// A login may choose its own verifier's iterations (ALTER ROLE takes a ready one, and there is
/// `scram_iterations`). A password in clear costs us that many each time: more than this is too
/// much. A client that sends a proof has done that work itself.
const MAX_ITERATIONS: u32 = 100_000;

/// `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`.
pub struct Verifier {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: [u8; 32],
    server_key: [u8; 32],
    is_stand_in: bool,
}

impl Verifier {
    /// Reads a verifier; anything else, an md5 hash for one, is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let (work, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let (iterations, salt) = work.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let iterations = iterations.parse().ok().filter(|n| *n > 0)?;
        let salt = STANDARD.decode(salt).ok()?;
        let [stored_key, server_key] = [stored_key, server_key].map(key);
        let (stored_key, server_key) = (stored_key?, server_key?);
        Some(Self { iterations, salt, stored_key, server_key, is_stand_in: false })
    }

    /// Whether a password in clear may be checked against it.
    pub fn is_affordable(&self) -> bool {
        self.iterations <= MAX_ITERATIONS
    }

    /// One that no password matches, for a login that does not exist.
    pub fn stand_in(salt: [u8; 16]) -> Self {
        Self {
            iterations: DEFAULT_ITERATIONS,
            salt: salt.to_vec(),
            stored_key: rand::random(),
            server_key: rand::random(),
            is_stand_in: true,
        }
    }

    /// Whether it was made from `password`. Takes milliseconds on purpose.
    pub fn matches(&self, password: &str) -> bool {
        let prepared = prepare(password);
        let mut salted = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(
            prepared.as_bytes(),
            &self.salt,
            self.iterations,
            &mut salted,
        );
        let stored_key = Sha256::digest(hmac(&salted, b"Client Key"));
        stored_key.as_slice().ct_eq(&self.stored_key).into()
    }
}

fn key(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// HMAC-SHA-256.
pub fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    // RFC 2104 fills a key up with zeros to a whole block.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// SASLprep as PostgreSQL applies it: a password that it prohibits is taken as it is.
fn prepare(password: &str) -> Cow<'_, str> {
    stringprep::saslprep(password).unwrap_or(Cow::Borrowed(password))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A verifier with a salt of its own, by an independent implementation.
    pub fn verifier_of(password: &str) -> String {
        postgres_protocol::password::scram_sha_256(password.as_bytes())
    }

    #[test]
    fn agrees_with_verifiers_made_elsewhere() {
        for password in ["s3cret", "", "with space", "pässwörd", "I\u{ad}X", "\u{2168}", "a\u{a0}b"]
        {
            let verifier = Verifier::parse(&verifier_of(password)).unwrap();
            assert!(verifier.matches(password), "{password:?}");
            assert!(!verifier.matches("other"));
        }
    }

    #[test]
    fn agrees_with_the_example_of_rfc_7677() {
        // User "user", password "pencil"; StoredKey computed from the RFC's salt.
        let verifier = Verifier::parse(
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        );
        assert!(verifier.unwrap().matches("pencil"));
    }

    #[test]
    fn passwords_that_saslprep_makes_equal_are_equal() {
        let verifier = Verifier::parse(&verifier_of("IX")).unwrap();
        assert!(verifier.matches("I\u{ad}X") && verifier.matches("\u{2168}"));
    }

    #[test]
    fn what_is_no_verifier_is_not_read() {
        for text in [
            "",
            "md53175bce1d3201d16594cebf9d7eb3f9d",
            "SCRAM-SHA-256$x:YQ==$YQ==:YQ==",
            "SCRAM-SHA-256$4096:YQ==$YQ==:YQ==",
            "SCRAM-SHA-256$4096:!$YQ==:YQ==",
        ] {
            assert!(Verifier::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_verifier_may_cost_too_much_for_a_password_in_clear() {
        let verifier = verifier_of("s3cret");
        let with = |n: &str| Verifier::parse(&verifier.replacen("4096", n, 1));
        assert!(with("100000").unwrap().is_affordable());
        assert!(!with("100001").unwrap().is_affordable());
        assert!(!with("4294967295").unwrap().is_affordable());
        assert!(with("0").is_none() && with("4294967296").is_none());
    }
}
