//! Random bytes from PostgreSQL's strong source.

use pgrx::pg_sys;
use std::cell::RefCell;
use tenancy_core::{Error, Result, SqlState};

/// Asking the source for as many costs hardly more than asking for four.
const STORED: usize = 256;

thread_local! {
    /// What has not been handed out yet. Filled in a backend, so no two have the same.
    static STORE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

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

/// `N` such bytes out of a store, for the hot path; no byte is handed out twice.
pub fn stored_bytes<const N: usize>() -> Result<[u8; N]> {
    STORE.with_borrow_mut(|store| {
        if store.len() < N {
            *store = bytes::<STORED>()?.to_vec();
        }
        let mut out = [0; N];
        let rest = store.len().saturating_sub(N);
        out.iter_mut().zip(store.drain(rest..)).for_each(|(to, from)| *to = from);
        Ok(out)
    })
}
