//! The keys that clients are given to have their queries cancelled: a process id, whose upper bits say
//! which of the processes behind one balancer the client is at, and a secret, whose first bit is never
//! set but in requests that another process has forwarded. Pure functions.

/// Bits of a process id that are random; above them stands the id of the process. The sign stays free,
/// for some clients read the number as signed.
const RANDOM_BITS: u32 = 24;
/// The bit of the first byte of a secret that says that a request was forwarded.
const FORWARDED: u8 = 0x80;

/// A process id to give out. Where there are no other processes all of it is random.
pub fn process_id(peer_id: u8) -> i32 {
    let random = rand::random::<i32>() & i32::MAX;
    match peer_id {
        0 => random,
        id => random & ((1 << RANDOM_BITS) - 1) | i32::from(id) << RANDOM_BITS,
    }
}

/// Which process gave out this process id, where ids are in use.
pub fn peer_of(process_id: i32) -> u8 {
    u8::try_from(process_id >> RANDOM_BITS).unwrap_or_default()
}

/// A secret to give out, or the start of one.
pub fn secret() -> [u8; 32] {
    let mut secret: [u8; 32] = rand::random();
    secret[0] &= !FORWARDED;
    secret
}

/// The secret as it was given out, whether the request was forwarded or not.
pub fn as_given_out(secret: &[u8]) -> Vec<u8> {
    let mut secret = secret.to_vec();
    if let Some(first) = secret.first_mut() {
        *first &= !FORWARDED;
    }
    secret
}

/// The secret in a request that is forwarded; `None` where the request has been forwarded already.
pub fn to_forward(secret: &[u8]) -> Option<Vec<u8>> {
    let mut secret = secret.to_vec();
    let first = secret.first_mut().filter(|first| **first & FORWARDED == 0)?;
    *first |= FORWARDED;
    Some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_id_says_whose_it_is() {
        for id in 1..=127 {
            let process_id = process_id(id);
            assert!(process_id > 0);
            assert_eq!(peer_of(process_id), id);
        }
        assert!(process_id(0) >= 0);
    }

    #[test]
    fn a_request_is_forwarded_once() {
        let given = secret();
        let forwarded = to_forward(&given).unwrap();
        assert_ne!(forwarded, given);
        assert_eq!(as_given_out(&forwarded), given);
        assert_eq!(as_given_out(&given), given);
        assert_eq!(to_forward(&forwarded), None);
        assert_eq!(to_forward(&[]), None);
    }
}
