//! Writing an archive: under another name until it is whole.

use super::manifest::{Manifest, Member};
use super::{Error, STANDARD_STREAM, frame};
use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What follows the tar: a frame that decompressors skip, with the place, the length and the
/// checksum of the manifest.
pub const FOOTER_MAGIC: [u8; 4] = 0x184D_2A5E_u32.to_le_bytes();
/// How long it is: magic, length, place, length of the frame, length of the manifest, checksum.
pub const FOOTER_BYTES: usize = 4 + 4 + 8 + 8 + 8 + 32;

/// A piece that is ready to be written.
pub struct Packed {
    size: u64,
    sha256: String,
    frame: Vec<u8>,
}

/// Compresses a piece. `number` counts the pieces of the same table.
pub fn pack(table: Option<usize>, number: usize, bytes: &[u8]) -> std::io::Result<Packed> {
    let frame = frame::pack(&Member::path_of(table, number), bytes)?;
    Ok(Packed { size: bytes.len() as u64, sha256: frame::checksum(bytes), frame })
}

/// An archive that is being written. Dropped before it is whole, it leaves nothing.
pub struct Writer {
    file: File,
    path: PathBuf,
    part: Option<PathBuf>,
    offset: u64,
    members: Vec<Member>,
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.display().to_string();
    move |source| Error::File { action, path, source }
}

impl Writer {
    /// Begins a file beside `path`, which must not be there, unless that is standard output.
    pub fn create(path: &Path) -> Result<Self, Error> {
        if path == Path::new(STANDARD_STREAM) {
            return Self::on_standard_output();
        }
        if path.exists() {
            let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(failed("could not create", path)(source));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(name);
        // What it holds is a customer's: in a folder that others write to, it goes into no file and
        // through no link of theirs.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
        let file = file.map_err(failed("could not create", &part))?;
        Ok(Self { file, path: path.to_owned(), part: Some(part), offset: 0, members: Vec::new() })
    }

    fn on_standard_output() -> Result<Self, Error> {
        let path = PathBuf::from("standard output");
        let output = std::io::stdout();
        if output.is_terminal() {
            let source = std::io::Error::other("it is a terminal");
            return Err(failed("could not write to", &path)(source));
        }
        let output = output.as_fd().try_clone_to_owned().map_err(failed("could not use", &path))?;
        Ok(Self { file: output.into(), path, part: None, offset: 0, members: Vec::new() })
    }

    /// Adds a piece behind those that are there.
    pub fn add(&mut self, table: Option<usize>, number: usize, piece: Packed) -> Result<(), Error> {
        let Packed { size, sha256, frame } = piece;
        let (offset, length) = (self.offset, frame.len() as u64);
        self.write(&frame)?;
        let path = Member::path_of(table, number);
        self.members.push(Member { path, table, size, sha256, offset, length });
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(failed("could not write", &self.path))?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// Writes the manifest, makes the file last and gives it its name. Returns its length.
    pub fn finish(mut self, mut manifest: Manifest) -> Result<u64, Error> {
        manifest.members = std::mem::take(&mut self.members);
        let json = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| Error::Unusable(error.to_string()))?;
        let frame =
            frame::pack("manifest.json", &json).map_err(failed("could not write", &self.path))?;
        let end = frame::end().map_err(failed("could not write", &self.path))?;
        let footer = footer(self.offset, frame.len() as u64, &json);
        self.write(&frame)?;
        self.write(&end)?;
        self.write(&footer)?;
        if let Some(part) = &self.part {
            self.file.sync_all().map_err(failed("could not write", &self.path))?;
            std::fs::rename(part, &self.path).map_err(failed("could not create", &self.path))?;
            self.part = None;
            self.sync_folder()?;
        }
        Ok(self.offset)
    }

    /// A name lasts once the folder does.
    fn sync_folder(&self) -> Result<(), Error> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(failed("could not write", folder))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            // There is nobody left to tell.
            let _ = std::fs::remove_file(part);
        }
    }
}

fn footer(offset: u64, length: u64, json: &[u8]) -> Vec<u8> {
    use sha2::Digest;
    let mut footer = Vec::with_capacity(FOOTER_BYTES);
    footer.extend(FOOTER_MAGIC);
    footer.extend((FOOTER_BYTES as u32 - 8).to_le_bytes());
    footer.extend(offset.to_le_bytes());
    footer.extend(length.to_le_bytes());
    footer.extend((json.len() as u64).to_le_bytes());
    footer.extend(sha2::Sha256::digest(json));
    footer
}
