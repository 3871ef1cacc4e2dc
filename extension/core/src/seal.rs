//! The secret without which a context cannot be left or changed.

use crate::{Error, Result, SqlState};
use std::fmt;
use subtle::ConstantTimeEq;

const MIN_BYTES: usize = 16;
const MAX_BYTES: usize = 128;

/// A key or seal. It never prints itself and compares in constant time.
#[derive(Clone)]
pub struct Seal(String);

impl Seal {
    /// Adopts a secret chosen by the caller: 16 to 128 bytes, else 22023.
    pub fn parse(secret: &str) -> Result<Self> {
        if (MIN_BYTES..=MAX_BYTES).contains(&secret.len()) {
            return Ok(Self(secret.to_owned()));
        }
        Err(Error::new(SqlState::InvalidParameterValue, "invalid seal")
            .detail(format!("A seal has {MIN_BYTES} to {MAX_BYTES} bytes."))
            .hint("Pass a random secret, or leave the seal out and keep the key that enter() returns."))
    }

    /// Makes a key from random bytes.
    pub fn from_random(random: [u8; 24]) -> Self {
        Self(random.iter().map(|b| format!("{b:02x}")).collect())
    }

    /// Accepts `attempt` when it is this secret, else 28000. Takes as long for a near miss as
    /// for a wild guess.
    pub fn check(&self, attempt: Option<&str>) -> Result<()> {
        let attempt = attempt.unwrap_or_default();
        if bool::from(self.0.as_bytes().ct_eq(attempt.as_bytes())) {
            return Ok(());
        }
        Err(Error::new(SqlState::InvalidAuthorization, "wrong key for the tenant context")
            .detail("The context is sealed and the key that was given does not open it.")
            .hint("Pass the key that enter() returned or adopted; without it only closing the connection ends the context."))
    }

    /// The secret itself, to hand to the caller who will need it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_opens() {
        let seal = Seal::parse("0123456789abcdef").unwrap();
        assert!(seal.check(Some("0123456789abcdef")).is_ok());
        for wrong in [None, Some(""), Some("0123456789abcdeF"), Some("0123456789abcdef0")] {
            assert_eq!(seal.check(wrong).unwrap_err().code, SqlState::InvalidAuthorization);
        }
    }

    #[test]
    fn short_and_long_secrets_are_refused() {
        assert!(Seal::parse("mine").is_err());
        assert!(Seal::parse(&"x".repeat(129)).is_err());
    }

    #[test]
    fn a_seal_does_not_print_itself() {
        assert_eq!(format!("{:?}", Seal::from_random([1; 24])), "Seal(..)");
    }
}
