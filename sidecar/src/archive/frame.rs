//! A member of the tar as a compressed frame: header, bytes, padding.

use super::Error;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};

/// Fast rather than small.
const LEVEL: i32 = 1;
/// Header, padding and what a tar may put around a member.
const AROUND: u64 = 4096;

/// The checksum of bytes, in hexadecimal.
pub fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes as a member of a tar, compressed.
pub fn pack(path: &str, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_path(path)?;
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    let mut encoder = zstd::Encoder::new(Vec::with_capacity(bytes.len() / 3), LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.write_all(header.as_bytes())?;
    encoder.write_all(bytes)?;
    encoder.write_all(&[0; 512][..(512 - bytes.len() % 512) % 512])?;
    encoder.finish()
}

/// The end of a tar, compressed.
pub fn end() -> std::io::Result<Vec<u8>> {
    zstd::encode_all(&[0_u8; 1024][..], LEVEL)
}

/// The bytes of a member, which is `size` long and named `path`; nothing else is taken.
pub fn unpack(frame: &[u8], path: &str, size: u64) -> Result<Vec<u8>, Error> {
    let broken = || Error::Unusable(format!("member {path:?} is damaged"));
    let decoder = zstd::Decoder::new(frame).map_err(|_| broken())?;
    let mut archive = tar::Archive::new(decoder.take(size.saturating_add(AROUND)));
    let mut entries = archive.entries().map_err(|_| broken())?;
    let mut entry = entries.next().ok_or_else(broken)?.map_err(|_| broken())?;
    let is_it = entry.header().entry_type().is_file()
        && entry.size() == size
        && *entry.path_bytes() == *path.as_bytes();
    if !is_it {
        return Err(broken());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).map_err(|_| broken())?);
    entry.read_to_end(&mut bytes).map_err(|_| broken())?;
    if bytes.len() as u64 == size { Ok(bytes) } else { Err(broken()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_unpacked() {
        for bytes in [&b""[..], b"x", &[7; 512], &[9; 70_000]] {
            let frame = pack("rows/00000/0000000", bytes).unwrap();
            let again = unpack(&frame, "rows/00000/0000000", bytes.len() as u64).unwrap();
            assert_eq!(again, bytes);
        }
    }

    #[test]
    fn another_name_another_length_and_damage_are_refused() {
        let frame = pack("rows/00000/0000000", b"bytes").unwrap();
        assert!(unpack(&frame, "rows/00000/0000001", 5).is_err());
        assert!(unpack(&frame, "rows/00000/0000000", 4).is_err());
        assert!(unpack(&frame[..frame.len() - 9], "rows/00000/0000000", 5).is_err());
    }
}
