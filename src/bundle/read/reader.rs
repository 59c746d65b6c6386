//! Any zip file, ours or foreign, looked into.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::bundle::digest::{ContentDigest, TreeHasher};
use crate::bundle::entry::{BadName, EntryPath, Mode};
use crate::bundle::limits::UNPACKED_BYTES;
use crate::bundle::manifest::{Manifest, ManifestEntry};
use crate::fault::{Exit, Fault};
use crate::ui::bytes;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` is not a zip file that can be read", path.display())]
    Zip { path: PathBuf, source: Box<zip::result::ZipError> },
    #[error("failed to unpack `{name}` of `{}`", path.display())]
    Entry { path: PathBuf, name: String, source: io::Error },
    #[error("entries of `{}` share bytes, as only a zip bomb has it", path.display())]
    Overlap { path: PathBuf },
    #[error("`{}` unpacks to {}, more than an instance has room for", path.display(), bytes(*size))]
    TooLarge { path: PathBuf, size: u64 },
    #[error("entry `{}` of `{}` {bad}", name.escape_debug(), path.display())]
    Name { path: PathBuf, name: String, bad: BadName },
}

impl Fault for OpenError {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::Zip { .. } => Some("Elastic Beanstalk takes zip files only".to_owned()),
            Self::Entry { .. } | Self::Name { .. } | Self::Overlap { .. } | Self::TooLarge { .. } => {
                Some("`beansprout verify` tells everything that is wrong with a bundle".to_owned())
            }
        }
    }
}

/// A zip file whose directory was read.
pub struct Reader {
    pub(crate) path: PathBuf,
    pub(crate) archive: ZipArchive<BufReader<File>>,
    /// The same file, for what the crate does not tell.
    file: File,
    pub(crate) bytes: u64,
}

/// Record of one entry in the directory.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) name: Vec<u8>,
    pub(crate) creator: zip::System,
    pub(crate) attributes: u32,
    pub(crate) method: zip::CompressionMethod,
    pub(crate) encrypted: bool,
    pub(crate) is_dir: bool,
    pub(crate) is_link: bool,
    pub(crate) size: u64,
    pub(crate) packed: u64,
}

impl Listed {
    /// The permissions that `unzip` gives to a file.
    pub(crate) fn permissions(&self) -> u32 {
        match self.creator {
            zip::System::Unix if self.attributes >> 16 == 0 => 0o600,
            zip::System::Unix => self.attributes >> 16 & 0o777,
            // By the umask of root.
            _ => 0o644,
        }
    }

    pub(crate) fn mode(&self) -> Mode {
        if self.is_link {
            Mode::Link
        } else if self.permissions() & 0o100 != 0 {
            Mode::Executable
        } else {
            Mode::File
        }
    }

    /// The name as text, without a `./` in front and the slash of a folder.
    pub(crate) fn text(&self) -> Result<&str, BadName> {
        let name = std::str::from_utf8(&self.name).map_err(|_| BadName::NotUtf8)?;
        let name = name.strip_prefix("./").unwrap_or(name);
        Ok(if self.is_dir { name.trim_end_matches('/') } else { name })
    }

    pub(crate) fn path(&self) -> Result<EntryPath, BadName> {
        EntryPath::new(self.text()?)
    }

    pub(crate) fn lossy(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }
}

impl Reader {
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = File::open(path).map_err(|source| OpenError::Read { path: path.to_owned(), source })?;
        Self::read(file, path)
    }

    /// The zip file in `file`, which messages call `path`.
    pub fn read(file: File, path: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Read { path: path.to_owned(), source };
        let bytes = file.metadata().map_err(failed)?.len();
        let reader = BufReader::with_capacity(1 << 16, file.try_clone().map_err(failed)?);
        let archive = ZipArchive::new(reader)
            .map_err(|source| OpenError::Zip { path: path.to_owned(), source: source.into() })?;
        Ok(Self { path: path.to_owned(), archive, file, bytes })
    }

    /// Length of the zip file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many entries the directory has.
    pub(crate) fn entries(&self) -> usize {
        self.archive.len()
    }

    pub(crate) fn listed(&mut self, index: usize) -> Result<Listed, OpenError> {
        let failed = |source: zip::result::ZipError| OpenError::Zip { path: self.path.clone(), source: source.into() };
        let entry = self.archive.by_index_raw(index).map_err(failed)?;
        Ok(Listed {
            name: entry.name_raw().to_vec(),
            creator: entry.system(),
            attributes: entry.external_attributes(),
            method: entry.compression(),
            encrypted: entry.encrypted(),
            is_dir: entry.is_dir(),
            is_link: entry.is_symlink(),
            size: entry.size(),
            packed: entry.compressed_size(),
        })
    }

    /// The names in the directory as they stand there, and those whose local header has other flags. The crate keeps only
    /// the last of two entries with one name, and tells no flags.
    pub(crate) fn directory_names(&mut self) -> Result<(Vec<Vec<u8>>, Vec<String>), OpenError> {
        let failed = |source| OpenError::Read { path: self.path.clone(), source };
        // The two share a place in the file; the crate seeks before it reads.
        self.file.seek(SeekFrom::Start(self.archive.central_directory_start())).map_err(failed)?;
        let mut reader = BufReader::new(&self.file);
        let (mut names, mut flags) = (Vec::new(), Vec::new());
        let mut header = [0; 46];
        while reader.read_exact(&mut header).is_ok() && header.starts_with(b"PK\x01\x02") {
            let length = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
            let mut name = vec![0; length(28) + length(30) + length(32)];
            if reader.read_exact(&mut name).is_err() {
                break;
            }
            name.truncate(length(28));
            names.push(name);
            flags.push((u32::from_le_bytes([header[42], header[43], header[44], header[45]]), [header[8], header[9]]));
        }
        let mut unlike = Vec::new();
        let mut file = BufReader::with_capacity(64, &self.file);
        for (name, (offset, flags)) in names.iter().zip(flags).filter(|(_, (offset, _))| *offset != u32::MAX) {
            let mut local = [0; 8];
            let start = self.archive.offset() + u64::from(offset);
            let read = file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut local));
            if read.is_ok() && local.starts_with(b"PK\x03\x04") && local[6..] != flags {
                unlike.push(String::from_utf8_lossy(name).into_owned());
            }
        }
        Ok((names, unlike))
    }

    /// Hand the content of an entry to `take`, piece by piece, and never more of it than it says it has.
    pub(crate) fn content(&mut self, index: usize, size: u64, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        let entry = self.archive.by_index(index).map_err(io::Error::from)?;
        let mut entry = entry.take(size.saturating_add(1));
        let mut buffer = vec![0; 1 << 16];
        let mut total = 0;
        loop {
            match entry.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    total += read as u64;
                    take(&buffer[..read]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if total == size {
            return Ok(());
        }
        let what = if total > size { "more" } else { "less" };
        Err(io::Error::new(io::ErrorKind::InvalidData, format!("there is {what} of it than its header says")))
    }

    /// The content of the files whose names `wanted` picks, as they would be unpacked; none of more than `limit` bytes.
    pub fn files(&mut self, wanted: impl Fn(&str) -> bool, limit: u64) -> Result<BTreeMap<String, Vec<u8>>, OpenError> {
        let mut files = BTreeMap::new();
        for index in 0..self.archive.len() {
            let listed = self.listed(index)?;
            let Some(name) = listed.text().ok().filter(|name| wanted(name)).map(str::to_owned) else { continue };
            if listed.is_dir || listed.is_link {
                continue;
            }
            let failed = |source| OpenError::Entry { path: self.path.clone(), name: listed.lossy(), source };
            if listed.size > limit {
                let source = io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {limit} bytes"));
                return Err(failed(source));
            }
            let mut content = Vec::new();
            let read = self.content(index, listed.size, |piece| content.extend_from_slice(piece));
            read.map_err(|source| OpenError::Entry { path: self.path.clone(), name: listed.lossy(), source })?;
            files.insert(name, content);
        }
        Ok(files)
    }

    /// The first bytes, at most `length`, of each file whose name `wanted` picks.
    pub fn beginnings(&mut self, wanted: impl Fn(&str) -> bool, length: u64) -> Result<Vec<Vec<u8>>, OpenError> {
        let mut found = Vec::new();
        for index in 0..self.archive.len() {
            let listed = self.listed(index)?;
            if listed.is_dir || listed.is_link || !listed.text().is_ok_and(&wanted) {
                continue;
            }
            let failed = |source| OpenError::Entry { path: self.path.clone(), name: listed.lossy(), source };
            let mut begin = Vec::new();
            let entry = self.archive.by_index(index).map_err(|error| failed(error.into()))?;
            entry.take(length).read_to_end(&mut begin).map_err(failed)?;
            found.push(begin);
        }
        Ok(found)
    }

    /// How many bytes its files have once they are unpacked, as the directory says.
    pub fn unpacked_bytes(&mut self) -> Result<u64, OpenError> {
        let mut total: u64 = 0;
        for index in 0..self.archive.len() {
            total = total.saturating_add(self.listed(index)?.size);
        }
        Ok(total)
    }

    /// Manifest of the files that `unzip` would make of it. The last of two entries with one name wins, as there.
    pub fn manifest(&mut self) -> Result<Manifest, OpenError> {
        // A few bytes that say they are a thousand files would be read for ever.
        if self.archive.has_overlapping_entries().unwrap_or(false) {
            return Err(OpenError::Overlap { path: self.path.clone() });
        }
        let size = self.unpacked_bytes()?;
        if size > UNPACKED_BYTES {
            return Err(OpenError::TooLarge { path: self.path.clone(), size });
        }
        let mut entries = Vec::new();
        for index in 0..self.archive.len() {
            let listed = self.listed(index)?;
            if listed.is_dir {
                continue;
            }
            let path =
                listed.path().map_err(|bad| OpenError::Name { path: self.path.clone(), name: listed.lossy(), bad })?;
            let mut hasher = Sha256::new();
            self.content(index, listed.size, |piece| hasher.update(piece)).map_err(|source| OpenError::Entry {
                path: self.path.clone(),
                name: listed.lossy(),
                source,
            })?;
            let sha256 = ContentDigest(hasher.finalize().into());
            entries.push(ManifestEntry { path, mode: listed.mode(), size: listed.size, sha256 });
        }
        entries.reverse();
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        entries.dedup_by(|later, kept| later.path == kept.path);
        let mut tree = TreeHasher::new();
        for entry in &entries {
            tree.add(entry.mode, &entry.sha256, &entry.path);
        }
        Ok(Manifest { digest: tree.finish(), entries })
    }
}
