//! Reading an archive that somebody hands in: nothing of it is used before its checksum is right.

use super::manifest::{Manifest, Member};
use super::write::{FOOTER_BYTES, FOOTER_MAGIC};
use super::{Error, STANDARD_STREAM, frame};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// A manifest is read into memory.
const LONGEST_MANIFEST: u64 = 256 << 20;
/// The compressed end of a tar is shorter.
const LONGEST_END: u64 = 256;

/// An archive whose manifest has been checked.
pub struct Reader {
    file: File,
    manifest: Manifest,
    id: String,
}

impl Reader {
    /// Opens an archive, or takes in what comes on standard input, and checks its manifest.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::File {
            action: "could not read",
            path: path.display().to_string(),
            source,
        };
        let file = match path == Path::new(STANDARD_STREAM) {
            true => spooled().map_err(failed)?,
            false => File::open(path).map_err(failed)?,
        };
        let length = file.metadata().map_err(failed)?.len();
        let footer = Footer::read(&file, length)?;
        let frame = piece(&file, footer.offset, footer.length)?;
        let json = frame::unpack(&frame, "manifest.json", footer.size)?;
        let id = frame::checksum(&json);
        if id != footer.sha256 {
            return Err(Error::Unusable("its manifest is damaged".to_owned()));
        }
        let manifest: Manifest = serde_json::from_slice(&json)
            .map_err(|error| Error::Unusable(format!("its manifest cannot be read: {error}")))?;
        manifest.check(footer.offset)?;
        Ok(Self { file, manifest, id })
    }

    /// What it holds.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What tells it from all other archives.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The bytes of a member, once their checksum is right.
    pub fn read(&self, member: &Member) -> Result<Vec<u8>, Error> {
        let frame = piece(&self.file, member.offset, member.length)?;
        let bytes = frame::unpack(&frame, &member.path, member.size)?;
        if frame::checksum(&bytes) == member.sha256 {
            return Ok(bytes);
        }
        Err(Error::Unusable(format!("the checksum of member {:?} is wrong", member.path)))
    }
}

/// Standard input in a file without a name: what comes last says what is first.
fn spooled() -> std::io::Result<File> {
    let path = std::env::temp_dir().join(format!("tenancy-import.{}", std::process::id()));
    let mut file =
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    std::io::copy(&mut std::io::stdin().lock(), &mut file)?;
    Ok(file)
}

fn piece(file: &File, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
    let broken = |_| Error::Unusable("it is not whole".to_owned());
    let length = usize::try_from(length).map_err(|_| Error::Unusable("it is too long".into()))?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, offset).map_err(broken)?;
    Ok(bytes)
}

struct Footer {
    offset: u64,
    length: u64,
    size: u64,
    sha256: String,
}

impl Footer {
    /// The last bytes of the file, which lead to the manifest and leave no room for anything else.
    fn read(file: &File, end: u64) -> Result<Self, Error> {
        let none = || Error::Unusable("it is no archive of tenancy, or not whole".to_owned());
        let start = end.checked_sub(FOOTER_BYTES as u64).ok_or_else(none)?;
        let bytes = piece(file, start, FOOTER_BYTES as u64)?;
        if bytes[..4] != FOOTER_MAGIC {
            return Err(none());
        }
        let number = |at: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(number)
        };
        let sha256 = bytes[32..].iter().map(|byte| format!("{byte:02x}")).collect();
        let footer = Self { offset: number(8), length: number(16), size: number(24), sha256 };
        let tar_end = footer.offset.checked_add(footer.length).ok_or_else(none)?;
        let is_near = tar_end < start && start - tar_end <= LONGEST_END;
        if is_near && footer.size <= LONGEST_MANIFEST { Ok(footer) } else { Err(none()) }
    }
}
