//! Directory of a bundle that this program packed, read from the last bytes of the file alone; and what two bundles have
//! in common, byte for byte.
//!
//! Only archives as `pack::archive` writes them are understood. In those, a local header and its content hold nothing but
//! what the directory tells of them, so that equal records mean equal bytes, wherever they are.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use crate::bundle::pack::{DATE, FLAGS};

/// Bytes at the end of a file in which the end records are, and mostly the directory too.
pub const TAIL: u64 = 64 << 10;
/// A longer directory is not read: it would have to be kept in memory.
const LONGEST: u64 = 16 << 20;

const RECORD: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR: &[u8] = b"PK\x06\x07";
/// From this length on a content is worth finding under another name.
const LARGE: u64 = 5 << 20;

/// The records of a directory.
#[derive(Debug, Clone)]
pub struct Directory {
    bytes: Vec<u8>,
}

/// Bytes that a new bundle and an old one share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// In the new one.
    pub at: u64,
    /// In the old one.
    pub from: u64,
    pub length: u64,
}

/// What a content's bytes are known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Content {
    method: u16,
    crc: u32,
    size: u64,
    packed: u64,
}

/// One entry.
#[derive(Debug, Clone, Copy)]
struct Record<'a> {
    name: &'a [u8],
    content: Content,
    /// Of the local header, which the content follows.
    at: u64,
    header: u64,
}

impl Directory {
    /// Where the directory is in a file of `length` bytes that ends with `tail`. `None`: nowhere, or it is too long.
    pub fn find(tail: &[u8], length: u64) -> Option<Range<u64>> {
        let begin = length.checked_sub(tail.len() as u64)?;
        let end = tail.len().checked_sub(22)?;
        let record = tail[end..].strip_prefix(END)?;
        let (mut size, mut at) = (u64::from(u32_at(record, 8)?), u64::from(u32_at(record, 12)?));
        let mut follows = begin + end as u64;
        if let Some(locator) = end.checked_sub(20).and_then(|at| tail[at..end].strip_prefix(LOCATOR)) {
            let place = usize::try_from(u64_at(locator, 4)?.checked_sub(begin)?).ok()?;
            let record = tail.get(place..)?.strip_prefix(END64)?;
            (size, at) = (u64_at(record, 36)?, u64_at(record, 44)?);
            follows = begin + place as u64;
        }
        (at.checked_add(size)? == follows && size <= LONGEST).then_some(at..follows)
    }

    /// `None`: another program packed it.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        let mut rest = bytes.as_slice();
        let mut last: Option<&[u8]> = None;
        while !rest.is_empty() {
            let record = Record::read(&mut rest)?;
            if last.is_some_and(|last| last >= record.name) {
                return None;
            }
            last = Some(record.name);
        }
        Some(Self { bytes })
    }

    /// The directory of a file. `None`: another program packed it, or it is too long.
    pub fn of_file(path: &Path) -> io::Result<Option<Self>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut read = |range: Range<u64>| {
            let mut bytes = vec![0; usize::try_from(range.end - range.start).map_err(io::Error::other)?];
            file.seek(SeekFrom::Start(range.start))?;
            file.read_exact(&mut bytes).map(|()| bytes)
        };
        let tail = read(length.saturating_sub(TAIL)..length)?;
        match Self::find(&tail, length) {
            Some(range) => Ok(Self::new(read(range)?)),
            None => Ok(None),
        }
    }

    fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || Record::read(&mut rest))
    }

    /// What the bundle of this directory has in common with an older one, in order. Equal CRCs and lengths are taken for
    /// equal contents; only the bytes themselves can prove it.
    pub fn shared_with(&self, old: &Self) -> Vec<Shared> {
        let large = |record: &Record<'_>| record.content.packed >= LARGE;
        let elsewhere: HashMap<Content, u64> =
            old.records().filter(large).map(|record| (record.content, record.at + record.header)).collect();
        let mut theirs = old.records().peekable();
        let mut shared: Vec<Shared> = Vec::new();
        for ours in self.records() {
            while theirs.next_if(|theirs| theirs.name < ours.name).is_some() {}
            let same = theirs.next_if(|theirs| theirs.name == ours.name);
            let found = match same.filter(|theirs| theirs.content == ours.content) {
                Some(theirs) => {
                    Some(Shared { at: ours.at, from: theirs.at, length: ours.header + ours.content.packed })
                }
                // Renamed, or in a folder that is. Its header has the name in it.
                None => elsewhere.get(&ours.content).filter(|_| large(&ours)).map(|from| Shared {
                    at: ours.at + ours.header,
                    from: *from,
                    length: ours.content.packed,
                }),
            };
            let Some(found) = found else { continue };
            match shared.last_mut() {
                Some(last) if last.at + last.length == found.at && last.from + last.length == found.from => {
                    last.length += found.length;
                }
                _ => shared.push(found),
            }
        }
        shared
    }
}

impl<'a> Record<'a> {
    /// Take the first record of `rest`. `None`: there is none, or it is not as ours are.
    fn read(rest: &mut &'a [u8]) -> Option<Self> {
        let header = rest.strip_prefix(RECORD)?;
        let (name, extra) = (usize::from(u16_at(header, 24)?), usize::from(u16_at(header, 26)?));
        let ours = header.get(1) == Some(&3)
            && u16_at(header, 4)? == FLAGS
            && u16_at(header, 8)? == 0
            && u16_at(header, 10)? == DATE
            && u16_at(header, 28)? == 0;
        let body = header.get(42..)?;
        let (name, mut more) = (body.get(..name)?, body.get(name..name + extra)?);
        *rest = body.get(name.len() + extra..)?;
        let [packed, size, at] = [16, 20, 38].map(|at| u32_at(header, at).map(u64::from));
        let (mut packed, mut size, mut at) = (packed?, size?, at?);
        let mut length = 30 + name.len() as u64;
        if extra > 0 {
            let fields = more.strip_prefix(&[1, 0])?;
            more = fields.get(2..)?;
            if size == u64::from(u32::MAX) {
                (size, packed) = (u64_at(more, 0)?, u64_at(more, 8)?);
                more = more.get(16..)?;
                length += 20;
            }
            if at == u64::from(u32::MAX) {
                at = u64_at(more, 0)?;
                more = more.get(8..)?;
            }
            if !more.is_empty() {
                return None;
            }
        }
        let content = Content { method: u16_at(header, 6)?, crc: u32_at(header, 12)?, size, packed };
        ours.then_some(Self { name, content, at, header: length })
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::bundle::entry::EntryPath;
    use crate::bundle::pack::stored;

    fn archive(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
        let path = |name: &str| EntryPath::new(name).expect("a good path");
        stored(files.iter().map(|(name, content)| (path(name), content.as_slice())))
    }

    fn directory(archive: &[u8]) -> Directory {
        let tail = &archive[archive.len().saturating_sub(100)..];
        let range = Directory::find(tail, archive.len() as u64).expect("an end");
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        Directory::new(archive[range].to_vec()).expect("one of ours")
    }

    proptest! {
        #[test]
        fn what_is_shared_is_the_same(
            one in proptest::collection::btree_map("[a-d]{1,2}", proptest::collection::vec(0..3u8, 0..4), 0..9),
            two in proptest::collection::btree_map("[a-d]{1,2}", proptest::collection::vec(0..3u8, 0..4), 0..9),
        ) {
            let (old, new) = (archive(&one), archive(&two));
            let shared = directory(&new).shared_with(&directory(&old));
            let mut end = 0;
            for Shared { at, from, length } in &shared {
                prop_assert!(*at >= end && *length > 0);
                end = at + length;
                let range = |at: u64| usize::try_from(at).unwrap()..usize::try_from(at + length).unwrap();
                prop_assert_eq!(&new[range(*at)], &old[range(*from)]);
            }
            let same: u64 = two.iter().filter(|(name, content)| one.get(*name) == Some(content))
                .map(|(name, content)| (30 + name.len() + content.len()) as u64).sum();
            prop_assert_eq!(shared.iter().map(|shared| shared.length).sum::<u64>(), same);
        }

        /// No bytes make the reader panic.
        #[test]
        fn anything_can_be_read(
            bytes in proptest::collection::vec(any::<u8>(), 0..120),
            at in any::<proptest::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let _ = Directory::find(&bytes, bytes.len() as u64 + 7);
            let _ = Directory::new(bytes);
            let files = [("a".to_owned(), vec![1, 2, 3]), ("b/c".to_owned(), vec![4])];
            let mut archive = archive(&files.into());
            let at = at.index(archive.len());
            archive[at] = byte;
            if let Some(range) = Directory::find(&archive, archive.len() as u64) {
                let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
                let _ = Directory::new(archive[range].to_vec());
            }
        }
    }

    #[test]
    fn a_large_content_is_found_under_another_name() {
        let large = crate::bundle::pack::deflate::tests::noise(usize::try_from(LARGE).unwrap());
        let file = |name: &str| archive(&[(name.to_owned(), large.clone())].into());
        let (old, new) = (file("old/video"), file("new/place/video"));
        let shared = directory(&new).shared_with(&directory(&old));
        assert_eq!(shared, [Shared { at: 30 + 15, from: 30 + 9, length: LARGE }]);
    }

    #[test]
    fn archives_of_others_are_left_alone() {
        let archive = archive(&[("a".to_owned(), vec![1])].into());
        let at = archive.len() - 22 - 47;
        // Another system, other flags, a date, a comment.
        for field in [5, 8, 14, 32] {
            let mut record = archive[at..archive.len() - 22].to_vec();
            assert!(Directory::new(record.clone()).is_some());
            record[field] ^= 1;
            assert!(Directory::new(record).is_none(), "{field}");
        }
        assert!(Directory::find(&archive[..archive.len() - 1], archive.len() as u64).is_none());
        // Behind content of so many bytes.
        for (size, found) in [(LONGEST, Some(9..9 + LONGEST)), (LONGEST + 1, None)] {
            let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
            for number in [u32::try_from(size).unwrap(), 9] {
                end.extend(number.to_le_bytes());
            }
            end.extend([0, 0]);
            assert_eq!(Directory::find(&end, 9 + size + 22), found);
        }
    }
}
