//! Reads, hashes, scans and compresses one entry, all in one go.

use sha2::{Digest, Sha256};

use crate::bundle::digest::ContentDigest;
use crate::bundle::error::Error;
use crate::bundle::flags::ContentFlags;
use crate::bundle::select::origin::{Entry, Origin};
use crate::bundle::select::plan::Plan;

use super::archive::{Header, Method};
use super::deflate::{Deflater, is_random};
use crate::bundle::select::content::Contents;

/// Files above this are streamed.
pub(crate) const LARGE: u64 = 4 << 20;
/// Bytes of a large file that are deflated at once.
pub(crate) const CHUNK: usize = 1 << 20;

/// An entry that was read: its content's digest, its header, its place in the zip file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedEntry {
    pub(crate) content: ContentDigest,
    pub(crate) header: Header,
    pub(crate) flags: ContentFlags,
    /// Where its local header is.
    pub(crate) offset: u64,
}

/// Output of one batch: packed entries, one after the other.
#[derive(Default)]
pub(crate) struct BatchOutput {
    pub(crate) bytes: Vec<u8>,
    pub(crate) packed: Vec<PackedEntry>,
}

/// Flags of an entry's whole content, and whether deflating it is of no use.
pub(crate) fn flags_of(entry: &Entry, content: &[u8]) -> (ContentFlags, bool) {
    if matches!(entry.origin, Origin::Link(_)) {
        return (ContentFlags::of_target(content), true);
    }
    let random = is_random(content);
    (ContentFlags::of(content, random), random)
}

/// One thread's means to pack entries that are held whole.
pub(crate) struct Worker<'a> {
    pub(crate) contents: Contents<'a>,
    deflater: Deflater,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self { contents: Contents::new(plan), deflater: Deflater::default() }
    }

    /// Append `entry` to `to`: its header and, if `deflate` says so, its content.
    pub(crate) fn compress(&mut self, entry: &Entry, deflate: bool, to: &mut BatchOutput) -> Result<(), Error> {
        let content = self.contents.read(entry)?;
        let digest = ContentDigest(Sha256::digest(content).into());
        let size = content.len() as u64;
        let (flags, as_is) = flags_of(entry, content);
        let mode = entry.mode(flags);
        let mut header = Header { mode, method: Method::Stored, crc: 0, size, packed: size };
        let offset = to.bytes.len() as u64;
        if deflate {
            header.crc = crc32fast::hash(content);
            let (method, packed) = self.deflater.pack(content, as_is);
            header.method = method;
            if method == Method::Deflated {
                header.packed = packed.len() as u64;
            }
            header.write_local(&entry.path, &mut to.bytes);
            to.bytes.extend_from_slice(if method == Method::Deflated { packed } else { content });
        }
        to.packed.push(PackedEntry { content: digest, header, flags, offset });
        Ok(())
    }
}
