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
