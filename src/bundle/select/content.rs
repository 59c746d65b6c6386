//! Contents of entries, from wherever they are, read once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::fs::File;
use std::io::{self, Read};

use crate::bundle::error::{Error, unreadable};
use crate::git::BlobReader;

use super::disk::{Disk, Stamp};
use super::origin::{Entry, Origin};
use super::plan::Plan;

/// One thread's way to contents, and the buffer for the one that it read last.
pub(crate) struct Contents<'a> {
    plan: &'a Plan,
    buffer: Vec<u8>,
    readers: BTreeMap<u16, BlobReader>,
}

impl<'a> Contents<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self { plan, buffer: Vec::new(), readers: BTreeMap::new() }
    }

    /// Say which entries will be read next, in this order: git answers faster when it is asked for many at once.
    pub(crate) fn announce<'e>(&mut self, entries: impl IntoIterator<Item = &'e Entry>) -> Result<(), Error> {
        let mut questions: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        for entry in entries {
            if let Origin::Blob { repository, id, .. } = &entry.origin {
                questions.entry(*repository).or_default().push(id);
            }
        }
        for (repository, ids) in questions {
            let failed = |source| Error::GitContent { id: ids[0].to_owned(), source };
            self.reader(repository)?.ask(ids.iter().copied()).map_err(failed)?;
        }
        Ok(())
    }

    fn reader(&mut self, repository: u16) -> Result<&mut BlobReader, Error> {
        Ok(match self.readers.entry(repository) {
            Slot::Occupied(slot) => slot.into_mut(),
            Slot::Vacant(slot) => slot.insert(self.plan.repositories[usize::from(repository)].reader()?),
        })
    }

    /// The whole content of a small entry, which was announced.
    pub(crate) fn read(&mut self, entry: &Entry) -> Result<&[u8], Error> {
        match &entry.origin {
            Origin::Link(target) => Ok(copied(&mut self.buffer, target.as_bytes())),
            Origin::Disk { root, stamp, .. } => {
                let (disk, path) = self.plan.on_disk(*root, &entry.path);
                self.read_disk(disk, path, stamp)
            }
            Origin::Blob { repository, id, .. } => self.read_blob(*repository, id),
        }
    }

    /// The whole content of a small entry, which nobody announced.
    pub(crate) fn read_alone(&mut self, entry: &Entry) -> Result<&[u8], Error> {
        self.announce([entry])?;
        self.read(entry)
    }

    fn read_blob(&mut self, repository: u16, id: &str) -> Result<&[u8], Error> {
        let failed = |source| Error::GitContent { id: id.to_owned(), source };
        let mut buffer = std::mem::take(&mut self.buffer);
        let reader = self.reader(repository)?;
        let size = usize::try_from(reader.size().map_err(failed)?).expect("only small files are read whole");
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        reader.content().read_exact(&mut buffer[..size]).and_then(|()| reader.end()).map_err(failed)?;
        self.buffer = buffer;
        Ok(&self.buffer[..size])
    }

    fn read_disk(&mut self, disk: &Disk, path: &str, stamp: &Stamp) -> Result<&[u8], Error> {
        let mut file = open(disk, path)?;
        let size = usize::try_from(stamp.size).expect("only small files are read whole");
        if self.buffer.len() <= size {
            self.buffer.resize(size + 1, 0);
        }
        // One byte more than there should be: a file that has grown shows itself.
        let mut filled = 0;
        while filled < size {
            match file.read(&mut self.buffer[filled..=size]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(Error::Read { path: disk.path(path), source }),
            }
        }
        unchanged(&file, disk, path, stamp)?;
        if filled != size {
            return Err(Error::Changed { path: disk.path(path) });
        }
        Ok(&self.buffer[..size])
    }

    /// Hand the chunks of a content that is too large to be held to `take`, every chunk but the last as long as `chunk`.
    pub(crate) fn stream(
        &mut self,
        entry: &Entry,
        chunk: &mut [u8],
        take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match &entry.origin {
            Origin::Link(_) => unreachable!("links are small"),
            Origin::Disk { root, stamp, .. } => {
                let (disk, path) = self.plan.on_disk(*root, &entry.path);
                let mut file = open(disk, path)?;
                let failed = |source| Error::Read { path: disk.path(path), source };
                // One byte more, as above: a file that has grown shows itself.
                let total = chunks(&mut (&mut file).take(stamp.size + 1), chunk, failed, take)?;
                unchanged(&file, disk, path, stamp)?;
                if total == stamp.size { Ok(()) } else { Err(Error::Changed { path: disk.path(path) }) }
            }
            Origin::Blob { repository, id, .. } => {
                let failed = |source| Error::GitContent { id: id.to_string(), source };
                let reader = self.reader(*repository)?;
                reader.ask([&**id].into_iter()).map_err(failed)?;
                let size = reader.size().map_err(failed)?;
                chunks(&mut reader.content().take(size), chunk, failed, take)?;
                reader.end().map_err(failed)
            }
        }
    }
}

/// Number of bytes that there were.
fn chunks(
    from: &mut impl Read,
    buffer: &mut [u8],
    failed: impl Fn(io::Error) -> Error,
    mut take: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut total = 0;
    loop {
        let filled = fill(from, buffer).map_err(&failed)?;
        if filled == 0 {
            return Ok(total);
        }
        total += filled as u64;
        take(&buffer[..filled])?;
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

fn open(disk: &Disk, path: &str) -> Result<File, Error> {
    disk.file(path).map_err(|source| unreadable(disk.path(path), source))
}

fn unchanged(file: &File, disk: &Disk, path: &str, stamp: &Stamp) -> Result<(), Error> {
    let metadata = file.metadata().map_err(|source| Error::Read { path: disk.path(path), source })?;
    if metadata.is_file() && Stamp::of(&metadata) == *stamp {
        return Ok(());
    }
    Err(Error::Changed { path: disk.path(path) })
}
