//! How many logins failed from an address in the last minute, so that who guesses passwords is not
//! even listened to. Rate limiters count what passes and cannot be asked without counting; here only
//! failures count, and any number of logins may succeed.

use super::Peer;
use moka::sync::Cache;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
/// A bound on memory. What falls out of it first is what was seen least.
const CAPACITY: u64 = 100_000;

type Number = Arc<AtomicU32>;

/// The numbers.
pub struct Throttle {
    limit: AtomicU32,
    failures: Cache<IpAddr, Number>,
}

/// A login under way. Unless it succeeds it counts as failed, however it ends: a client that leaves
/// with a challenge has made us ask the registry.
pub struct Attempt {
    number: Option<Number>,
    limit: u32,
    is_counted: bool,
}

impl Throttle {
    /// So many may fail in a minute; 0 for any number.
    pub fn new(limit: u32) -> Self {
        // The minute starts with the first failure; counting more does not prolong it.
        let failures = Cache::builder().max_capacity(CAPACITY).time_to_live(MINUTE).build();
        Self { limit: AtomicU32::new(limit), failures }
    }

    fn limit(&self) -> u32 {
        self.limit.load(Ordering::Relaxed)
    }

    /// From now on so many may fail; those that have failed already count.
    pub fn set_limit(&self, limit: u32) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Whether a client may start to prove who it is.
    pub fn is_open(&self, peer: Peer) -> bool {
        let number = self.key(peer).and_then(|address| self.failures.get(&address));
        number.is_none_or(|number| number.load(Ordering::Relaxed) < self.limit())
    }

    /// Starts a login, or not: too many have failed.
    pub fn attempt(&self, peer: Peer) -> Option<Attempt> {
        let number = self.key(peer).map(|key| self.failures.get_with(key, Number::default));
        let attempt = Attempt { number, limit: self.limit(), is_counted: false };
        match attempt.is_open() {
            true => Some(attempt),
            false => {
                attempt.forgive();
                None
            }
        }
    }

    /// Clients on a socket of this machine have no address to tell them apart.
    fn key(&self, peer: Peer) -> Option<IpAddr> {
        match peer {
            Peer::Address(address) if self.limit() > 0 => Some(whole(address)),
            _ => None,
        }
    }
}

/// One IPv6 customer has a whole network of addresses.
fn whole(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

impl Attempt {
    /// Right before the proof is looked at: whether it may be, or others have failed meanwhile. Counts
    /// it at once, so that of many that come at the same moment no more than the limit are looked at.
    pub fn may_be_checked(&mut self) -> bool {
        let Some(number) = &self.number else { return true };
        self.is_counted = true;
        number.fetch_add(1, Ordering::Relaxed) < self.limit
    }

    fn is_open(&self) -> bool {
        self.number.as_ref().is_none_or(|number| number.load(Ordering::Relaxed) < self.limit)
    }

    /// It succeeded, or it was not the client that failed.
    pub fn forgive(mut self) {
        if let Some(number) = self.number.take()
            && self.is_counted
        {
            number.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(number) = &self.number
            && !self.is_counted
        {
            number.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str) -> Peer {
        Peer::Address(address.parse().unwrap())
    }

    fn fails(throttle: &Throttle, peer: Peer) -> bool {
        throttle.attempt(peer).is_some_and(|mut attempt| attempt.may_be_checked())
    }

    #[test]
    fn so_many_may_fail_and_any_number_succeed() {
        let throttle = Throttle::new(3);
        for _ in 0..10 {
            let mut attempt = throttle.attempt(from("192.0.2.1")).unwrap();
            assert!(attempt.may_be_checked());
            attempt.forgive();
        }
        for _ in 0..3 {
            assert!(fails(&throttle, from("192.0.2.1")));
        }
        assert!(throttle.attempt(from("192.0.2.1")).is_none());
        assert!(throttle.attempt(from("192.0.2.2")).is_some());
    }

    #[test]
    fn who_leaves_with_a_challenge_has_failed() {
        let throttle = Throttle::new(1);
        drop(throttle.attempt(from("192.0.2.1")));
        assert!(throttle.attempt(from("192.0.2.1")).is_none());
    }

    #[test]
    fn of_many_at_the_same_moment_no_more_than_the_limit_are_looked_at() {
        let throttle = Throttle::new(3);
        let many: Vec<_> = (0..10).map(|_| throttle.attempt(from("192.0.2.1")).unwrap()).collect();
        let checked = many.into_iter().map(|mut one| one.may_be_checked()).filter(|may| *may);
        assert_eq!(checked.count(), 3);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let throttle = Throttle::new(1);
        assert!(fails(&throttle, from("2001:db8::1")));
        assert!(throttle.attempt(from("2001:db8::2")).is_none());
        assert!(throttle.attempt(from("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn zero_is_no_limit_and_sockets_have_none() {
        let (none, one) = (Throttle::new(0), Throttle::new(1));
        for _ in 0..10 {
            assert!(fails(&none, from("192.0.2.1")));
            assert!(fails(&one, Peer::Local));
        }
    }
}
