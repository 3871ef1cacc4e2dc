//! Rows in COPY's binary format, which come in pieces of any length (manual, COPY, Binary Format).
//! Knows nothing of what the rows mean.

use bytes::{Buf, Bytes};

/// Signature, no flags, no extension of the header.
const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Whoever wrote the rows may lie about lengths: what is incomplete is kept in memory.
const LONGEST_FIELD: usize = 1 << 20;

/// What is not COPY's format, or has another number of columns.
#[derive(Debug)]
pub struct Malformed;

/// Rows of `N` columns.
pub struct CopyRows<const N: usize> {
    rest: Bytes,
    next: Next,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Header,
    Row,
    Nothing,
}

impl<const N: usize> CopyRows<N> {
    /// None so far.
    pub fn new() -> Self {
        Self { rest: Bytes::new(), next: Next::Header }
    }

    /// Takes the next piece.
    pub fn push(&mut self, piece: Bytes) {
        self.rest = match self.rest.is_empty() {
            true => piece,
            false => [&self.rest[..], &piece[..]].concat().into(),
        };
    }

    /// Whether the end has come, and nothing behind it.
    pub fn is_whole(&self) -> bool {
        self.next == Next::Nothing && self.rest.is_empty()
    }

    /// The next row that is here to its last byte.
    pub fn next(&mut self) -> Result<Option<[Option<Bytes>; N]>, Malformed> {
        if self.next == Next::Header {
            let Some(header) = split(&mut self.rest, HEADER.len()) else { return Ok(None) };
            if header != HEADER[..] {
                return Err(Malformed);
            }
            self.next = Next::Row;
        }
        match self.next {
            Next::Row => self.row(),
            _ if self.rest.is_empty() => Ok(None),
            _ => Err(Malformed),
        }
    }

    fn row(&mut self) -> Result<Option<[Option<Bytes>; N]>, Malformed> {
        let mut rest = self.rest.clone();
        let Ok(columns) = rest.try_get_i16() else { return Ok(None) };
        if columns == -1 {
            (self.rest, self.next) = (rest, Next::Nothing);
            return Ok(None);
        }
        if usize::try_from(columns) != Ok(N) {
            return Err(Malformed);
        }
        let mut row = [const { None }; N];
        for field in &mut row {
            let Ok(length) = rest.try_get_i32() else { return Ok(None) };
            if length == -1 {
                continue;
            }
            let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST_FIELD);
            let Some(bytes) = split(&mut rest, length.ok_or(Malformed)?) else { return Ok(None) };
            *field = Some(bytes);
        }
        self.rest = rest;
        Ok(Some(row))
    }
}

fn split(bytes: &mut Bytes, length: usize) -> Option<Bytes> {
    (bytes.len() >= length).then(|| bytes.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied() -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        bytes.extend(b"\0\x02\0\0\0\x03abc\xff\xff\xff\xff");
        bytes.extend(b"\0\x02\0\0\0\0\0\0\0\x01d");
        bytes.extend(b"\xff\xff");
        bytes
    }

    fn read(pieces: impl Iterator<Item = Vec<u8>>) -> Result<(String, bool), Malformed> {
        let (mut rows, mut seen) = (CopyRows::<2>::new(), String::new());
        for piece in pieces {
            rows.push(piece.into());
            while let Some(row) = rows.next()? {
                seen.push_str(&format!("{row:?}"));
            }
        }
        Ok((seen, rows.is_whole()))
    }

    #[test]
    fn rows_are_the_same_however_they_are_cut() {
        let expected = r#"[Some(b"abc"), None][Some(b""), Some(b"d")]"#.to_owned();
        for length in 1..=copied().len() {
            let pieces = copied().chunks(length).map(<[u8]>::to_vec).collect::<Vec<_>>();
            assert_eq!(read(pieces.into_iter()).unwrap(), (expected.clone(), true));
        }
        for length in 0..copied().len() {
            assert!(!read(std::iter::once(copied()[..length].to_vec())).unwrap().1);
        }
    }

    #[test]
    fn what_has_another_form_is_refused() {
        let changed = |at: usize, byte: u8| {
            let mut bytes = copied();
            bytes[at] = byte;
            read(std::iter::once(bytes))
        };
        assert!(changed(0, b'p').is_err());
        assert!(changed(18, 1).is_err());
        assert!(changed(20, 3).is_err());
        assert!(changed(21, 0x7f).is_err());
        assert!(changed(21, 0x80).is_err());
        assert!(read([copied(), vec![0]].into_iter()).is_err());
    }
}
