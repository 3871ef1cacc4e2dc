//! How connections ended up, counted by kind. For the metrics to read.

use crate::admission::Refusal;
use std::sync::atomic::{AtomicU64, Ordering};

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in.
    Admitted,
    /// It was a request to cancel.
    Cancel,
    /// It went before it was in.
    HungUp,
    /// It took too long.
    TooSlow,
    /// It does not speak the protocol.
    Protocol,
    /// It wanted encryption and did not come to terms with us, or would not have it.
    Encryption,
    /// It wanted to be set what cannot be.
    Parameters,
    /// It did not prove who it is.
    Password,
    /// It did not even get to prove: too many failed from its address.
    Throttled,
    /// It named no tenant that it may enter.
    Tenant,
    /// Its tenant is not served.
    NotServed,
    /// The registry was silent.
    Unavailable,
}

const OUTCOMES: [(Outcome, &str); 12] = [
    (Outcome::Admitted, "admitted"),
    (Outcome::Cancel, "cancel"),
    (Outcome::HungUp, "hung_up"),
    (Outcome::TooSlow, "too_slow"),
    (Outcome::Protocol, "protocol"),
    (Outcome::Encryption, "encryption"),
    (Outcome::Parameters, "parameters"),
    (Outcome::Password, "password"),
    (Outcome::Throttled, "throttled"),
    (Outcome::Tenant, "tenant"),
    (Outcome::NotServed, "not_served"),
    (Outcome::Unavailable, "unavailable"),
];

impl Outcome {
    /// Its name as a label.
    pub fn name(self) -> &'static str {
        OUTCOMES[self as usize].1
    }

    /// What a refusal of admission amounts to.
    pub(super) fn of(refusal: &Refusal) -> Self {
        match refusal.code {
            "57P03" => Self::NotServed,
            "08006" => Self::Unavailable,
            _ => Self::Tenant,
        }
    }
}

/// The numbers since the process started.
#[derive(Debug, Default)]
pub struct Counters {
    numbers: [AtomicU64; OUTCOMES.len()],
}

impl Counters {
    pub(super) fn count(&self, outcome: Outcome) {
        self.numbers[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// One of them.
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.numbers[outcome as usize].load(Ordering::Relaxed)
    }

    /// All of them, each with its label.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        OUTCOMES.iter().map(|(outcome, name)| (*name, self.of(*outcome)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_number_and_a_name_of_its_own() {
        let counters = Counters::default();
        for (at, (outcome, name)) in OUTCOMES.iter().enumerate() {
            assert_eq!((*outcome as usize, outcome.name()), (at, *name));
            (0..=at).for_each(|_| counters.count(*outcome));
        }
        let counted: Vec<_> = counters.all().map(|(_, number)| number).collect();
        assert_eq!(counted, (1..=OUTCOMES.len() as u64).collect::<Vec<_>>());
    }
}
