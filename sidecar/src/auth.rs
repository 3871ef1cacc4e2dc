//! Whether a password is right: PostgreSQL's own SCRAM verifier, a short memory of passwords
//! that were, and SCRAM's exchange with those who do not send theirs. Knows no HTTP, no registry and no tenant; what a login may do is decided elsewhere.

mod remembered;
mod scram;

pub use scram::{Exchange, Mechanism, Outcome, Verifier, Violation};

use remembered::Remembered;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// PBKDF2 is work for milliseconds; more at once than processors only makes all of them slow.
const FALLBACK_PARALLELISM: usize = 2;

/// Who waits longer for a worker is better told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// All workers are at work, and were for as long as a client should wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct Overloaded;

/// Checks passwords.
pub struct Passwords {
    remembered: Remembered,
    workers: Arc<Semaphore>,
    patience: Duration,
}

impl Passwords {
    /// `ttl` is how long a verified password is remembered.
    pub fn new(ttl: Duration) -> Self {
        let workers =
            std::thread::available_parallelism().map_or(FALLBACK_PARALLELISM, usize::from);
        let workers = Arc::new(Semaphore::new(workers));
        Self { remembered: Remembered::new(ttl), workers, patience: PATIENCE }
    }

    /// Whether `password` is the one that `verifier` was made from. A login without a verifier
    /// costs the same work and is refused.
    pub async fn verify(
        &self,
        login: &str,
        password: &str,
        verifier: Option<&str>,
    ) -> Result<bool, Overloaded> {
        let fingerprint =
            self.remembered.fingerprint(login, password, verifier.unwrap_or_default());
        if self.remembered.knows(&fingerprint) {
            return Ok(true);
        }
        let known = verifier.and_then(Verifier::parse).filter(Verifier::is_affordable);
        let exists = known.is_some();
        let verifier = known.unwrap_or_else(|| self.remembered.stand_in(login));
        let right = self.compute(verifier, password.to_owned()).await? && exists;
        if right {
            self.remembered.remember(fingerprint);
        }
        Ok(right)
    }

    /// What a client's proof is checked against, where its password does not come here: for a
    /// login without a verifier one that nothing matches, the same for as long as we run.
    pub fn verifier(&self, login: &str, verifier: Option<&str>) -> Verifier {
        let known = verifier.and_then(Verifier::parse);
        known.unwrap_or_else(|| self.remembered.stand_in(login))
    }

    async fn compute(&self, verifier: Verifier, password: String) -> Result<bool, Overloaded> {
        let permit = tokio::time::timeout(self.patience, self.workers.clone().acquire_owned());
        let permit = permit.await.ok().and_then(Result::ok).ok_or(Overloaded)?;
        let work = tokio::task::spawn_blocking(move || {
            // The work goes on when the client hangs up, and its permit with it.
            let _permit = permit;
            verifier.matches(&password)
        });
        Ok(work.await.unwrap_or(false))
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
            assert!(passwords.verify("app", "s3cret", Some(&verifier)).await.unwrap());
            assert!(!passwords.verify("app", "S3cret", Some(&verifier)).await.unwrap());
            assert!(!passwords.verify("app", "", Some(&verifier)).await.unwrap());
        }
    }

    #[tokio::test]
    async fn nothing_matches_where_there_is_no_verifier() {
        let passwords = Passwords::new(Duration::from_secs(60));
        let costly = verifier("x").replacen("4096", "100001", 1);
        let none = [None, Some(""), Some("md5abc"), Some("SCRAM-SHA-256$0:YQ==$YQ==:YQ==")];
        for verifier in none.into_iter().chain([Some(costly.as_str())]) {
            assert!(!passwords.verify("app", "", verifier).await.unwrap());
            assert!(!passwords.verify("app", "x", verifier).await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_changed_verifier_forgets_the_old_password() {
        let passwords = Passwords::new(Duration::from_secs(60));
        assert!(passwords.verify("app", "old", Some(&verifier("old"))).await.unwrap());
        assert!(!passwords.verify("app", "old", Some(&verifier("new"))).await.unwrap());
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_so() {
        let passwords =
            Passwords { patience: Duration::from_millis(10), ..Passwords::new(Duration::ZERO) };
        let all = u32::try_from(passwords.workers.available_permits()).unwrap();
        let busy = passwords.workers.clone().acquire_many_owned(all).await.unwrap();
        assert_eq!(passwords.verify("app", "x", None).await, Err(Overloaded));
        drop(busy);
        assert_eq!(passwords.verify("app", "x", None).await, Ok(false));
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_does_not_free_its_worker() {
        let passwords = Passwords::new(Duration::ZERO);
        let all = passwords.workers.available_permits();
        let slow = verifier("s3cret").replacen("4096", "100000", 1);
        let attempt = passwords.verify("app", "x", Some(&slow));
        assert!(tokio::time::timeout(Duration::from_millis(1), attempt).await.is_err());
        assert_eq!(passwords.workers.available_permits(), all - 1);
    }
}
