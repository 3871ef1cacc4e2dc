//! The bytes of an answer up to a limit. What goes beyond it is thrown away and noted, so that no
//! single value can grow past it either. Knows nothing of what is written.

use std::io;

/// Bytes, at most `limit` of them.
pub struct Output {
    bytes: Vec<u8>,
    limit: usize,
    is_over: bool,
}

impl Output {
    /// Nothing yet.
    pub fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, is_over: false }
    }

    /// Adds one byte.
    pub fn push(&mut self, byte: u8) {
        self.extend_from_slice(&[byte]);
    }

    /// Adds bytes, or nothing from the first that do not fit.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.is_over |= bytes.len() > self.limit - self.bytes.len();
        if !self.is_over {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// How many bytes it holds.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes back all but the first `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// The limit, if something did not fit.
    pub fn overflow(&self) -> Option<usize> {
        self.is_over.then_some(self.limit)
    }

    /// What it holds.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        if self.is_over { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_noted_and_nothing_follows_it() {
        let mut out = Output::new(4);
        out.extend_from_slice(b"abcd");
        assert_eq!(out.overflow(), None);
        out.push(b'e');
        out.truncate(0);
        out.push(b'f');
        assert_eq!((out.overflow(), out.len()), (Some(4), 0));
    }
}
