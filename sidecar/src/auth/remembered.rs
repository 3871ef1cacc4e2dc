//! Passwords that were right a short while ago, as keyed hashes: the key is random and lives in
//! this process only, so a dump of the cache is of no use to anybody.

use super::scram::{Verifier, hmac};
use moka::sync::Cache;
use std::time::Duration;

/// A bound on memory, not on users: what falls out is verified again.
const CAPACITY: u64 = 10_000;

/// Hash of login, password and verifier under the process's key.
pub type Fingerprint = [u8; 32];

/// The memory.
pub struct Remembered {
    key: [u8; 32],
    cache: Cache<Fingerprint, ()>,
}

impl Remembered {
    /// Forgets after `ttl`; zero remembers nothing.
    pub fn new(ttl: Duration) -> Self {
        let cache = Cache::builder().max_capacity(CAPACITY).time_to_live(ttl).build();
        Self { key: rand::random(), cache }
    }

    /// What stands for this login with this password while the verifier stays the same.
    pub fn fingerprint(&self, login: &str, password: &str, verifier: &str) -> Fingerprint {
        let mut message = Vec::new();
        for part in [login, verifier, password] {
            message.extend_from_slice(&part.len().to_be_bytes());
            message.extend_from_slice(part.as_bytes());
        }
        hmac(&self.key, &message)
    }

    /// Whether it was right lately.
    pub fn knows(&self, fingerprint: &Fingerprint) -> bool {
        self.cache.contains_key(fingerprint)
    }

    /// Takes note that it was right.
    pub fn remember(&self, fingerprint: Fingerprint) {
        self.cache.insert(fingerprint, ());
    }

    /// What a login without a verifier is checked against: always the same for the same login.
    pub fn stand_in(&self, login: &str) -> Verifier {
        let mut salt = [0; 16];
        salt.copy_from_slice(&hmac(&self.key, login.as_bytes())[..16]);
        Verifier::stand_in(salt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_cannot_be_shifted_into_each_other() {
        let remembered = Remembered::new(Duration::from_secs(1));
        assert_ne!(remembered.fingerprint("ab", "c", "v"), remembered.fingerprint("a", "bc", "v"));
        assert_ne!(remembered.fingerprint("a", "", "v"), remembered.fingerprint("a", "v", ""));
    }

    #[test]
    fn it_forgets() {
        let remembered = Remembered::new(Duration::from_millis(30));
        let fingerprint = remembered.fingerprint("a", "b", "c");
        remembered.remember(fingerprint);
        assert!(remembered.knows(&fingerprint));
        std::thread::sleep(Duration::from_millis(60));
        assert!(!remembered.knows(&fingerprint));
    }
}
