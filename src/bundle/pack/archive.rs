//! Zip file format, with nothing in them that the machine or the day could change.
//!
//! Unix modes, the first day that a zip file knows (1980-01-01), UTF-8 names, no extra fields, no folders; zip64 only
//! where the numbers need it.

use crate::bundle::entry::{EntryPath, Mode};
use crate::bundle::limits::MANY;

/// 1980-01-01 in MS-DOS form; the time is 0.
pub(in crate::bundle) const DATE: u16 = 1 << 5 | 1;
/// Names are UTF-8.
pub(in crate::bundle) const FLAGS: u16 = 1 << 11;
const MAX32: u64 = u32::MAX as u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Stored = 0,
    Deflated = 8,
}

/// Fields that both headers of one entry have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) mode: Mode,
    pub(crate) method: Method,
    pub(crate) crc: u32,
    pub(crate) size: u64,
    pub(crate) packed: u64,
}

impl Header {
    fn sizes_need_zip64(&self) -> bool {
        self.size >= MAX32 || self.packed >= MAX32
    }

    /// Version needed to extract, times ten.
    fn needs(&self, zip64: bool) -> u16 {
        match self.method {
            _ if zip64 => 45,
            Method::Deflated => 20,
            Method::Stored => 10,
        }
    }

    /// How long the local header of `path` is.
    pub(crate) fn local_length(&self, path: &EntryPath) -> u64 {
        let extra = if self.sizes_need_zip64() { 20 } else { 0 };
        (30 + path.as_str().len() + extra) as u64
    }

    /// The header in front of the content.
    pub(crate) fn write_local(&self, path: &EntryPath, to: &mut Vec<u8>) {
        let zip64 = self.sizes_need_zip64();
        put32(to, 0x0403_4b50);
        put16(to, self.needs(zip64));
        self.write_common(to, zip64);
        put16(to, name_length(path));
        put16(to, if zip64 { 20 } else { 0 });
        to.extend_from_slice(path.as_str().as_bytes());
        if zip64 {
            put16(to, 1);
            put16(to, 16);
            put64(to, self.size);
            put64(to, self.packed);
        }
    }

    /// The same in the directory at the end.
    pub(crate) fn write_central(&self, path: &EntryPath, offset: u64, to: &mut Vec<u8>) {
        let sizes = self.sizes_need_zip64();
        let far = offset >= MAX32;
        let zip64 = sizes || far;
        let extra = u16::from(sizes) * 16 + u16::from(far) * 8;
        put32(to, 0x0201_4b50);
        put16(to, 3 << 8 | self.needs(zip64).max(30)); // made by Unix, so unzip restores modes
        put16(to, self.needs(zip64));
        self.write_common(to, sizes);
        put16(to, name_length(path));
        put16(to, if zip64 { extra + 4 } else { 0 });
        put16(to, 0); // comment
        put16(to, 0); // disk
        put16(to, 0); // internal attributes
        put32(to, self.mode.unix() << 16);
        put32(to, offset.min(MAX32) as u32);
        to.extend_from_slice(path.as_str().as_bytes());
        if zip64 {
            put16(to, 1);
            put16(to, extra);
            if sizes {
                put64(to, self.size);
                put64(to, self.packed);
            }
            if far {
                put64(to, offset);
            }
        }
    }

    fn write_common(&self, to: &mut Vec<u8>, zip64: bool) {
        let size = |size: u64| if zip64 { u32::MAX } else { size as u32 };
        put16(to, FLAGS);
        put16(to, self.method as u16);
        put16(to, 0); // midnight
        put16(to, DATE);
        put32(to, self.crc);
        put32(to, size(self.packed));
        put32(to, size(self.size));
    }
}

/// A whole archive of contents as they are, for what is small and in memory.
pub(crate) fn stored<'a>(files: impl IntoIterator<Item = (EntryPath, &'a [u8])>) -> Vec<u8> {
    let (mut archive, mut directory, mut entries) = (Vec::new(), Vec::new(), 0);
    for (path, content) in files {
        let (crc, size) = (crc32fast::hash(content), content.len() as u64);
        let header = Header { mode: Mode::File, method: Method::Stored, crc, size, packed: size };
        header.write_central(&path, archive.len() as u64, &mut directory);
        header.write_local(&path, &mut archive);
        archive.extend_from_slice(content);
        entries += 1;
    }
    let (offset, length) = (archive.len() as u64, directory.len() as u64);
    archive.append(&mut directory);
    write_end(entries, offset, length, &mut archive);
    archive
}

/// End records, after the directory.
pub(crate) fn write_end(entries: u64, directory_offset: u64, directory_length: u64, to: &mut Vec<u8>) {
    if entries >= MANY as u64 || directory_offset >= MAX32 || directory_length >= MAX32 {
        let here = directory_offset + directory_length;
        put32(to, 0x0606_4b50);
        put64(to, 44); // what follows in this record
        put16(to, 3 << 8 | 45);
        put16(to, 45);
        put32(to, 0);
        put32(to, 0);
        put64(to, entries);
        put64(to, entries);
        put64(to, directory_length);
        put64(to, directory_offset);
        put32(to, 0x0706_4b50);
        put32(to, 0);
        put64(to, here);
        put32(to, 1);
    }
    let entries = entries.min(0xffff) as u16;
    put32(to, 0x0605_4b50);
    put16(to, 0);
    put16(to, 0);
    put16(to, entries);
    put16(to, entries);
    put32(to, directory_length.min(MAX32) as u32);
    put32(to, directory_offset.min(MAX32) as u32);
    put16(to, 0);
}

fn name_length(path: &EntryPath) -> u16 {
    u16::try_from(path.as_str().len()).expect("paths are shorter than PATH_MAX, which is below 64 kB")
}

fn put16(to: &mut Vec<u8>, value: u16) {
    to.extend_from_slice(&value.to_le_bytes());
}

fn put32(to: &mut Vec<u8>, value: u32) {
    to.extend_from_slice(&value.to_le_bytes());
}

fn put64(to: &mut Vec<u8>, value: u64) {
    to.extend_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(size: u64, packed: u64) -> Header {
        Header { mode: Mode::Executable, method: Method::Deflated, crc: 0x0102_0304, size, packed }
    }

    fn path(path: &str) -> EntryPath {
        EntryPath::new(path).expect("a good path")
    }

    /// The number of so many bytes that stands at `at`, least first.
    fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
        bytes[at..at + length].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    #[test]
    fn headers_byte_by_byte() {
        let (mut local, mut central) = (Vec::new(), Vec::new());
        header(0x0506, 0x0708).write_local(&path("a/b"), &mut local);
        assert_eq!(
            local,
            *b"PK\x03\x04\x14\0\0\x08\x08\0\0\0\x21\0\x04\x03\x02\x01\x08\x07\0\0\x06\x05\0\0\x03\0\0\0a/b"
        );
        let stored = Header { mode: Mode::Link, method: Method::Stored, ..header(3, 3) };
        stored.write_central(&path("l"), 0x0102_0304, &mut central);
        let (versions, rest) =
            (b"PK\x01\x02\x1e\x03\x0a\0", b"\0\x08\0\0\0\0\x21\0\x04\x03\x02\x01\x03\0\0\0\x03\0\0\0\x01\0");
        let end = b"\0\0\0\0\0\0\0\0\0\0\xff\xa1\x04\x03\x02\x01l";
        assert_eq!(central, [&versions[..], rest, end].concat());
    }

    /// Fields of an entry that is too large or too far off for 32 bits, after the format's own description.
    #[test]
    fn only_large_numbers_need_zip64() {
        const LAST: u64 = MAX32 - 1;
        #[track_caller]
        fn case(size: u64, packed: u64, offset: u64, in_local: &[u64], in_central: &[u64]) {
            let (header, path) = (header(size, packed), path("name"));
            let (mut local, mut central) = (Vec::new(), Vec::new());
            header.write_local(&path, &mut local);
            header.write_central(&path, offset, &mut central);
            assert_eq!(header.local_length(&path), local.len() as u64);
            let shown = |value: u64, large: bool| if large { MAX32 } else { value };
            let large = !in_local.is_empty();
            // Where the sizes and the length of what follows the name stand in each of the two.
            for (bytes, needs, sizes, extra, name, more) in
                [(&local, 4, 18, 28, 30, in_local), (&central, 6, 20, 30, 46, in_central)]
            {
                assert_eq!(number(bytes, needs, 2), if more.is_empty() { 20 } else { 45 });
                assert_eq!(number(bytes, sizes, 4), shown(packed, large));
                assert_eq!(number(bytes, sizes + 4, 4), shown(size, large));
                let mut field = Vec::new();
                if !more.is_empty() {
                    field.extend([1, 0, 8 * more.len() as u8, 0]);
                    field.extend(more.iter().flat_map(|value| value.to_le_bytes()));
                }
                assert_eq!(number(bytes, extra, 2), field.len() as u64);
                assert_eq!(bytes[name..], [b"name", &field[..]].concat());
            }
            assert_eq!(number(&central, 4, 2), 3 << 8 | if in_central.is_empty() { 30 } else { 45 });
            assert_eq!(number(&central, 42, 4), shown(offset, offset > LAST));
        }
        case(7, 5, 9, &[], &[]);
        case(LAST, LAST, LAST, &[], &[]);
        case(MAX32, 5, 9, &[MAX32, 5], &[MAX32, 5]);
        case(7, MAX32, 9, &[7, MAX32], &[7, MAX32]);
        case(7, 5, MAX32, &[], &[MAX32]);
        case(1 << 33, 1 << 32, 1 << 34, &[1 << 33, 1 << 32], &[1 << 33, 1 << 32, 1 << 34]);
    }

    #[test]
    fn the_end_says_where_the_directory_is() {
        const LAST: u64 = MAX32 - 1;
        #[track_caller]
        fn case(entries: u64, offset: u64, length: u64, zip64: bool) {
            let mut end = Vec::new();
            write_end(entries, offset, length, &mut end);
            let (far, near) = end.split_at(end.len() - 22);
            assert_eq!(near[..8], *b"PK\x05\x06\0\0\0\0");
            assert_eq!([number(near, 8, 2), number(near, 10, 2)], [entries.min(0xffff); 2]);
            assert_eq!([number(near, 12, 4), number(near, 16, 4)], [length.min(MAX32), offset.min(MAX32)]);
            assert_eq!(near[20..], [0, 0]);
            if !zip64 {
                assert!(far.is_empty());
                return;
            }
            let (record, locator) = far.split_at(56);
            assert_eq!(record[..24], *b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\x03\x2d\0\0\0\0\0\0\0\0\0");
            let numbers = [24, 32, 40, 48].map(|at| number(record, at, 8));
            assert_eq!(numbers, [entries, entries, length, offset]);
            assert_eq!(locator[..8], *b"PK\x06\x07\0\0\0\0");
            assert_eq!([number(locator, 8, 8), number(locator, 16, 4)], [offset + length, 1]);
            assert_eq!(locator.len(), 20);
        }
        case(2, 300, 90, false);
        case(MANY as u64 - 1, LAST, LAST, false);
        case(MANY as u64, 300, 90, true);
        case(2, MAX32, 90, true);
        case(2, 300, MAX32, true);
        case(70_000, 1 << 33, 1 << 32, true);
    }

    #[test]
    fn what_is_stored_is_counted() {
        let archive = stored([(path("a"), &b"one"[..]), (path("b"), b"two"), (path("c"), b"")]);
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
        let names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let content = std::io::read_to_string(archive.by_name("b").unwrap()).unwrap();
        assert_eq!(content, "two");
    }
}
