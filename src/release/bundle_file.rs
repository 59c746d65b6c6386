//! A bundle as the network sees it: a file, its length, and the two digests that name it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use aws_smithy_types::base64;
use sha2::{Digest, Sha256};

use crate::bundle::{Directory, TreeDigest};
use crate::fault::{Exit, Fault};

/// A bundle that is ready to be sent.
#[derive(Debug, Clone)]
pub struct BundleFile {
    pub path: PathBuf,
    pub bytes: u64,
    /// Tree that is in it.
    pub digest: TreeDigest,
    /// Its own bytes: SHA-256, 64 hexadecimal digits.
    pub sha256: String,
}

#[derive(Debug, thiserror::Error)]
pub enum BundleFileError {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` changed while it was being published", path.display())]
    Changed { path: PathBuf },
}

impl Fault for BundleFileError {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::Changed { .. } => {
                Some("nothing was registered; publish again when nothing else writes it".to_owned())
            }
        }
    }
}

impl BundleFile {
    /// The bundle in a file. `digest` is the tree digest of what is in it.
    pub fn open(path: &Path, digest: TreeDigest) -> Result<Self, BundleFileError> {
        let failed = |source| BundleFileError::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        let mut hash = Sha256::new();
        let mut bytes = 0;
        let mut chunk = vec![0; 1 << 16];
        loop {
            match file.read(&mut chunk).map_err(failed)? {
                0 => break,
                read => {
                    hash.update(&chunk[..read]);
                    bytes += read as u64;
                }
            }
        }
        Ok(Self { path: path.to_owned(), bytes, digest, sha256: crate::hex::encode(hash.finalize()) })
    }

    /// `length` bytes from `offset` on.
    pub(crate) fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, BundleFileError> {
        let failed = |source| BundleFileError::Read { path: self.path.clone(), source };
        let mut file = File::open(&self.path).map_err(failed)?;
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.take(length).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(self.changed()) }
    }

    /// SHA-256 of parts of these lengths, after making sure that together they are this bundle.
    pub(crate) fn digests(&self, lengths: impl IntoIterator<Item = u64>) -> Result<Vec<[u8; 32]>, BundleFileError> {
        let failed = |source| BundleFileError::Read { path: self.path.clone(), source };
        let mut file = File::open(&self.path).map_err(failed)?;
        let mut whole = Sha256::new();
        let mut digests = Vec::new();
        let mut buffer = vec![0; 1 << 18];
        for length in lengths {
            let (mut left, mut part) = (length, Sha256::new());
            while left > 0 {
                let wanted = usize::try_from(left).unwrap_or(buffer.len()).min(buffer.len());
                match file.read(&mut buffer[..wanted]).map_err(failed)? {
                    0 => return Err(self.changed()),
                    read => {
                        whole.update(&buffer[..read]);
                        part.update(&buffer[..read]);
                        left -= read as u64;
                    }
                }
            }
            digests.push(part.finalize().into());
        }
        if crate::hex::encode(whole.finalize()) == self.sha256 { Ok(digests) } else { Err(self.changed()) }
    }

    /// An error unless the file is still what it was.
    pub(crate) fn check(&self) -> Result<(), BundleFileError> {
        self.digests([self.bytes]).map(drop)
    }

    /// Checksum that S3 has for an object that was sent in parts of these lengths: a checksum of checksums, and their
    /// number.
    pub(crate) fn checksum_of(&self, lengths: &[u64]) -> Result<String, BundleFileError> {
        let digests = self.digests(lengths.iter().copied())?;
        Ok(format!("{}-{}", base64::encode(sha256(&digests.concat())), digests.len()))
    }

    /// What is in it and where. `None`: it is not one that this program packed, or its directory is very long.
    pub(crate) fn directory(&self) -> Result<Option<Directory>, BundleFileError> {
        let failed = |source| BundleFileError::Read { path: self.path.clone(), source };
        Directory::of_file(&self.path).map_err(failed)
    }

    pub(crate) fn unreadable(&self, error: &dyn std::error::Error) -> BundleFileError {
        BundleFileError::Read { path: self.path.clone(), source: std::io::Error::other(error.to_string()) }
    }

    pub(crate) fn changed(&self) -> BundleFileError {
        BundleFileError::Changed { path: self.path.clone() }
    }
}

/// SHA-256 of bytes that are at hand.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
