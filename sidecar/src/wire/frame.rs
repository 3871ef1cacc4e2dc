//! Framing of messages in both directions: a tag, a length that counts itself, a body. For who
//! forwards messages without reading them.

/// What stands before a body: the tag and the length.
pub const HEADER: usize = 5;

/// The header of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Which message it is.
    pub tag: u8,
    /// Length of the whole message, its header included.
    pub len: usize,
}

/// The length is shorter than itself or longer than the protocol can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid length of a message")]
pub struct BadLength;

impl Frame {
    /// Reads the header at the start of `bytes`; `None` while it is not there as a whole.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, BadLength> {
        let Some(&[tag, a, b, c, d]) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
        let length = i32::from_be_bytes([a, b, c, d]);
        match usize::try_from(length) {
            Ok(length) if length >= 4 => Ok(Some(Self { tag, len: length + 1 })),
            _ => Err(BadLength),
        }
    }
}

/// The text up to the first zero byte, and what follows that; `None` while there is no zero byte.
pub fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|&byte| byte == 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// Writes a message: its header, and whatever `body` writes.
pub fn write(tag: u8, out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = i32::try_from(out.len() - start).unwrap_or(i32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_once_it_is_whole() {
        let sync = b"S\x00\x00\x00\x04";
        for cut in 0..HEADER {
            assert_eq!(Frame::read(&sync[..cut]), Ok(None));
        }
        assert_eq!(Frame::read(sync), Ok(Some(Frame { tag: b'S', len: 5 })));
        assert_eq!(Frame::read(b"Q\x7f\xff\xff\xff"), Ok(Some(Frame { tag: b'Q', len: 1 << 31 })));
    }

    #[test]
    fn a_length_shorter_than_itself_is_none() {
        for bytes in [b"Q\x00\x00\x00\x03", b"Q\x00\x00\x00\x00", b"Q\xff\xff\xff\xff"] {
            assert_eq!(Frame::read(bytes), Err(BadLength));
        }
    }

    #[test]
    fn texts_end_at_a_zero_byte() {
        assert_eq!(text(b"ab\0c"), Some((&b"ab"[..], &b"c"[..])));
        assert_eq!(text(b"ab"), None);
    }

    #[test]
    fn what_is_written_is_read() {
        let mut out = Vec::new();
        write(b'C', &mut out, |out| out.extend_from_slice(b"Ss1\0"));
        assert_eq!(Frame::read(&out), Ok(Some(Frame { tag: b'C', len: out.len() })));
    }
}
