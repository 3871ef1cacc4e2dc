//! Random bytes from PostgreSQL's strong source.

use pgrx::pg_sys;
use tenancy_core::{Error, Result, SqlState};

/// `N` bytes fit for keys and names; XX000 when the source fails.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut out = [0; N];
    // SAFETY: the buffer is ours and N bytes long.
    if unsafe { pg_sys::pg_strong_random(out.as_mut_ptr().cast(), N) } {
        Ok(out)
    } else {
        Err(Error::new(SqlState::InternalError, "could not generate random bytes"))
    }
}

/// 32 random hexadecimal digits after a letter: a word that no text holds.
pub fn token() -> Result<String> {
    let digits =
        bytes::<16>()?.iter().fold(String::from("x"), |text, byte| format!("{text}{byte:02x}"));
    Ok(digits)
}
