//! Whether a password is right: PostgreSQL's own SCRAM verifier, and a short memory of passwords
//! that were. Knows no HTTP, no registry and no tenant; what a login may do is decided elsewhere.

mod remembered;
mod scram;

use remembered::Remembered;
use scram::Verifier;
use std::time::Duration;
use tokio::sync::Semaphore;

/// PBKDF2 is work for milliseconds; more at once than processors only makes all of them slow.
const FALLBACK_PARALLELISM: usize = 2;

/// Checks passwords.
pub struct Passwords {
    remembered: Remembered,
    workers: Semaphore,
}

impl Passwords {
    /// `ttl` is how long a verified password is remembered.
    pub fn new(ttl: Duration) -> Self {
        let workers =
            std::thread::available_parallelism().map_or(FALLBACK_PARALLELISM, usize::from);
        Self { remembered: Remembered::new(ttl), workers: Semaphore::new(workers) }
    }

    /// Whether `password` is the one that `verifier` was made from. A login without a verifier
    /// costs the same work and is refused.
    pub async fn verify(&self, login: &str, password: &str, verifier: Option<&str>) -> bool {
        let fingerprint =
            self.remembered.fingerprint(login, password, verifier.unwrap_or_default());
        if self.remembered.knows(&fingerprint) {
            return true;
        }
        let known = verifier.and_then(Verifier::parse);
        let exists = known.is_some();
        let verifier = known.unwrap_or_else(|| self.remembered.stand_in(login));
        let Ok(_permit) = self.workers.acquire().await else { return false };
        let password = password.to_owned();
        let work = tokio::task::spawn_blocking(move || verifier.matches(&password));
        let right = work.await.unwrap_or(false) && exists;
        if right {
            self.remembered.remember(fingerprint);
        }
        right
    }
}

#[cfg(test)]
mod tests {
    use super::scram::tests::verifier_of as verifier;
    use super::*;

    #[tokio::test]
    async fn the_right_password_and_no_other_is_accepted() {
        let passwords = Passwords::new(Duration::from_secs(60));
        let verifier = verifier("s3cret");
        for _ in 0..2 {
            assert!(passwords.verify("app", "s3cret", Some(&verifier)).await);
            assert!(!passwords.verify("app", "S3cret", Some(&verifier)).await);
            assert!(!passwords.verify("app", "", Some(&verifier)).await);
        }
    }

    #[tokio::test]
    async fn nothing_matches_where_there_is_no_verifier() {
        let passwords = Passwords::new(Duration::from_secs(60));
        for verifier in [None, Some(""), Some("md5abc"), Some("SCRAM-SHA-256$0:YQ==$YQ==:YQ==")] {
            assert!(!passwords.verify("app", "", verifier).await);
            assert!(!passwords.verify("app", "x", verifier).await);
        }
    }

    #[tokio::test]
    async fn a_changed_verifier_forgets_the_old_password() {
        let passwords = Passwords::new(Duration::from_secs(60));
        assert!(passwords.verify("app", "old", Some(&verifier("old"))).await);
        assert!(!passwords.verify("app", "old", Some(&verifier("new"))).await);
    }
}
