//! The bytes of an entry, from wherever they are, read once.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::plan::{Entry, Origin, Plan};
use super::walk::{Stamp, unreadable};

/// One thread's way to contents, and the buffer for the one that it read last.
pub(crate) struct Contents<'a> {
    plan: &'a Plan,
    buffer: Vec<u8>,
}

impl<'a> Contents<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self { plan, buffer: Vec::new() }
    }

    /// The whole content of a small entry.
    pub(crate) fn read(&mut self, entry: &Entry) -> Result<&[u8], Error> {
        match &entry.origin {
            Origin::Link(target) => Ok(copied(&mut self.buffer, target.as_bytes())),
            Origin::Disk(stamp) => self.read_disk(self.plan.disk_path(entry), stamp),
        }
    }

    fn read_disk(&mut self, path: PathBuf, stamp: &Stamp) -> Result<&[u8], Error> {
        let mut file = open(&path)?;
        let size = usize::try_from(stamp.size).expect("only small files are read whole");
        if self.buffer.len() <= size {
            self.buffer.resize(size + 1, 0);
        }
        // One byte more than there should be: a file that has grown shows itself, one that has not ends with this read.
        let mut filled = 0;
        while filled <= size {
            match file.read(&mut self.buffer[filled..=size]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(Error::Read { path, source }),
            }
            if filled == size {
                break;
            }
        }
        unchanged(&file, &path, stamp)?;
        if filled != size {
            return Err(Error::Changed { path });
        }
        Ok(&self.buffer[..size])
    }

    /// A content that is too large to be held: its pieces in order.
    pub(crate) fn stream(&self, entry: &Entry) -> Result<Stream, Error> {
        match &entry.origin {
            Origin::Link(_) => unreachable!("links are small"),
            Origin::Disk(stamp) => {
                let path = self.plan.disk_path(entry);
                Ok(Stream { file: open(&path)?, path, stamp: *stamp })
            }
        }
    }
}

/// A large file, open.
pub(crate) struct Stream {
    file: File,
    path: PathBuf,
    stamp: Stamp,
}

impl Stream {
    /// Hand all pieces to `take`, every one but the last as long as `buffer`, and see at the end that the file is still
    /// what it was.
    pub(crate) fn pieces(
        mut self,
        buffer: &mut [u8],
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut total = 0;
        while total <= self.stamp.size {
            let filled = match fill(&mut self.file, buffer) {
                Ok(0) => break,
                Ok(filled) => filled,
                Err(source) => return Err(Error::Read { path: self.path, source }),
            };
            total += filled as u64;
            take(&buffer[..filled])?;
        }
        unchanged(&self.file, &self.path, &self.stamp)?;
        if total != self.stamp.size {
            return Err(Error::Changed { path: self.path });
        }
        Ok(())
    }
}

/// Read until `buffer` is full or there is no more.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn copied<'a>(buffer: &'a mut Vec<u8>, bytes: &[u8]) -> &'a [u8] {
    if buffer.len() < bytes.len() {
        buffer.resize(bytes.len(), 0);
    }
    buffer[..bytes.len()].copy_from_slice(bytes);
    &buffer[..bytes.len()]
}

fn open(path: &PathBuf) -> Result<File, Error> {
    File::open(path).map_err(|source| unreadable(path.clone(), source))
}

fn unchanged(file: &File, path: &Path, stamp: &Stamp) -> Result<(), Error> {
    let metadata = file.metadata().map_err(|source| Error::Read { path: path.to_owned(), source })?;
    if metadata.is_file() && Stamp::of(&metadata) == *stamp {
        return Ok(());
    }
    Err(Error::Changed { path: path.to_owned() })
}
