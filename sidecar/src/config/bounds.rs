//! Numbers and times with their bounds: what passes here cannot make a pool, a cache or a timer
//! panic later on. Knows no key's meaning.

use super::Error;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Connections of one login.
pub const POOL_SIZE: RangeInclusive<usize> = 1..=10_000;
/// Entries of a cache.
pub const CACHE_SIZE: RangeInclusive<usize> = 1..=10_000_000;
/// Bytes of a request body; PostgreSQL takes no message above 1 GB.
pub const BODY_BYTES: RangeInclusive<usize> = 1..=1 << 30;
/// Bytes of an answer. The server's greeting and our own commands need some too.
pub const RESULT_BYTES: RangeInclusive<usize> = 4096..=1 << 30;
/// Threads of a face.
pub const THREADS: RangeInclusive<usize> = 1..=256;
/// Clients, or what each of them may have.
pub const MANY: RangeInclusive<usize> = 1..=10_000_000;
/// Transactions in a second; zero means any number.
pub const RATE: RangeInclusive<usize> = 0..=1_000_000_000;
/// Logins that may fail; zero means any number.
pub const FAILURES: RangeInclusive<usize> = 0..=1_000_000;
/// Ids of processes that stand beside each other; they have seven bits.
pub const PEER_ID: RangeInclusive<usize> = 0..=127;
/// Tenants by name in the metrics.
pub const METRICS: RangeInclusive<usize> = 0..=10_000;

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Where zero would mean that nothing can ever work.
pub const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(1)..=YEAR;
/// Where zero means not at all.
pub const LIFE_TIME: RangeInclusive<Duration> = Duration::ZERO..=YEAR;

/// A number within its bounds.
pub fn size(
    key: &'static str,
    given: Option<usize>,
    default: usize,
    bounds: RangeInclusive<usize>,
) -> Result<usize, Error> {
    let size = given.unwrap_or(default);
    if bounds.contains(&size) {
        return Ok(size);
    }
    let (least, most) = bounds.into_inner();
    Err(Error::value(key, format!("{size} is not between {least} and {most}")))
}

/// A time within its bounds.
pub fn duration(
    key: &'static str,
    given: Option<String>,
    default: &str,
    bounds: RangeInclusive<Duration>,
) -> Result<Duration, Error> {
    let text = given.as_deref().unwrap_or(default);
    let duration = humantime::parse_duration(text).map_err(|_| {
        Error::value(key, format!("{text:?} is not a time such as \"30s\" or \"5m\""))
    })?;
    match bounds.contains(&duration) {
        true => Ok(duration),
        false if duration < *bounds.start() => {
            Err(Error::value(key, format!("{text:?} is less than 1 ms")))
        }
        false => Err(Error::value(key, format!("{text:?} is more than a year"))),
    }
}
