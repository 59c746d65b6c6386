//! The index beside the bundles: what is where in the last one, and which bundles are published.
//!
//! A line with the layout and the version, a line for each bundle that is published, an empty line; then a checksum and
//! what it covers: the start of the system, the bundle, its entries. The lines at the top outlive the rest: they are read
//! whatever the version is.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use crate::bundle::digest::{ContentDigest, TreeDigest};
use crate::bundle::entry::Mode;
use crate::bundle::flags::ContentFlags;
use crate::bundle::select::disk::Stamp;
use crate::bundle::select::origin::Origin;
use crate::bundle::select::plan::Plan;
use crate::file::{self, Draft, Durability, FileMode, Named, Target};
use crate::world;

use super::archive::{Header, Method};
use super::packed_entry::PackedEntry;

/// Its name.
pub(super) const INDEX: &str = "index";

/// Two seconds: the coarsest clock of a file system in use (FAT).
const SETTLED: i64 = 2_000_000_000;

/// How an index of this layout begins, whichever version wrote it.
const LAYOUT: &str = "beansprout-index-4 ";

/// Another version may pack in another way: old packed contents must not live on in new bundles.
const MAGIC: &str = concat!("beansprout-index-4 ", env!("CARGO_PKG_VERSION"), "\n");

/// A layout that has gone, or one to come, is an index of ours as well.
const ANY_LAYOUT: &[u8] = b"beansprout-index-";

/// Before the name of a bundle that is published.
const PUBLISHED: &str = "published ";

/// An index as it was found.
pub(super) struct Index {
    bytes: Vec<u8>,
    /// Names of the bundles that are published.
    pub(super) published: BTreeSet<String>,
    /// Where the checksum is.
    body: usize,
}

impl Index {
    /// The index in `dir`, whoever wrote it; an empty one if there is none.
    pub(super) fn read(dir: &Path) -> Self {
        let bytes = file::read(&dir.join(INDEX)).unwrap_or_default();
        let mut index = Self { bytes, published: BTreeSet::new(), body: 0 };
        let mut at = 0;
        while let Some(end) = memchr::memchr(b'\n', &index.bytes[at..]) {
            let line = &index.bytes[at..at + end];
            at += end + 1;
            index.body = at;
            if let Some(name) = line.strip_prefix(PUBLISHED.as_bytes()) {
                index.published.extend(std::str::from_utf8(name).ok().map(str::to_owned));
            } else if line.is_empty() || !line.starts_with(ANY_LAYOUT) {
                break;
            }
        }
        index
    }

    /// What it says of the last bundle, if this program has written it whole, and since the system started.
    pub(super) fn last_bundle(&self) -> Option<LastBundle<'_>> {
        let mut reader = IndexReader(self.bytes.get(self.body..).filter(|_| self.is_of_this_version())?);
        let sum = reader.u32()?;
        if crc32fast::hash(reader.0) != sum {
            return None;
        }
        // Where the power went, a file may have its name and its times, and not its content.
        if reader.text()? != world::start_of_system().unwrap_or_default().as_bytes() {
            return None;
        }
        reader.last_bundle()
    }

    fn is_of_this_version(&self) -> bool {
        self.bytes.starts_with(MAGIC.as_bytes())
    }

    /// Paths of the last bundle, whichever version with this layout made it.
    pub(super) fn paths(&self) -> Option<BTreeSet<&[u8]>> {
        let body = self.bytes.get(self.body + 4..).filter(|_| self.bytes.starts_with(LAYOUT.as_bytes()))?;
        let mut reader = IndexReader(body);
        reader.text()?;
        let mut last = reader.last_bundle()?;
        (0..last.entries).map(|_| Some(last.records.record()?.path)).collect()
    }
}

/// The last bundle, and what its entries were.
pub(super) struct LastBundle<'a> {
    pub(super) stamp: Stamp,
    pub(super) digest: TreeDigest,
    pub(super) entries: u64,
    pub(super) name: &'a [u8],
    pub(super) records: IndexReader<'a>,
}

fn top(published: &BTreeSet<String>) -> Vec<u8> {
    let marks: String = published.iter().map(|name| format!("{PUBLISHED}{name}\n")).collect();
    format!("{MAGIC}{marks}\n").into_bytes()
}

/// Note in the index of `dir` that the bundle `name` is published. A folder without an index of ours is not ours, whatever
/// the bundle in it is called.
pub(super) fn mark(dir: &Path, name: &str) -> Result<(), file::Error> {
    let mut index = Index::read(dir);
    if !index.bytes.starts_with(ANY_LAYOUT) || name.contains('\n') || !index.published.insert(name.to_owned()) {
        return Ok(());
    }
    let body = if index.is_of_this_version() { &index.bytes[index.body..] } else { &[] };
    file::write_own(&dir.join(INDEX), &[&top(&index.published), body].concat())
}

/// Write the index of the bundle at `zip`, whose entries were read at `started` or later.
///
/// A failure costs time in the next run and nothing else: the bundle is there all the same.
pub(super) fn save(
    zip: &Path,
    digest: &TreeDigest,
    plan: &Plan,
    packed: &[PackedEntry],
    started: i64,
    published: &BTreeSet<String>,
) -> Result<(), file::Error> {
    let target = Target::of(&file::folder_of(zip).join(INDEX), Named::ByUs)?;
    let mut draft = Draft::of(&target, FileMode::Kept)?;
    write(&mut draft.file, zip, digest, plan, packed, started, published).map_err(|source| file::Error::Io {
        doing: "write the index of",
        path: zip.to_owned(),
        source,
    })?;
    draft.keep(&target, FileMode::Kept, durability())
}

/// Where starts of the system are not numbered, only the disk can vouch for a bundle after the next one.
pub(super) fn durability() -> Durability {
    if world::start_of_system().is_some() { Durability::Unsynced } else { Durability::Synced }
}

fn write(
    file: &mut File,
    zip: &Path,
    digest: &TreeDigest,
    plan: &Plan,
    packed: &[PackedEntry],
    started: i64,
    published: &BTreeSet<String>,
) -> io::Result<()> {
    let name = zip.file_name().expect("a bundle has a name").to_string_lossy().into_owned();
    let top = top(published);
    let mut writer = IndexWriter { out: BufWriter::with_capacity(1 << 18, file), sum: crc32fast::Hasher::new() };
    writer.out.write_all(&top)?;
    writer.out.write_all(&[0; 4])?;
    writer.text(world::start_of_system().unwrap_or_default().as_bytes())?;
    writer.stamp(&Stamp::of(&fs::metadata(zip)?))?;
    writer.put(&digest.0)?;
    writer.put(&(packed.len() as u64).to_le_bytes())?;
    writer.text(name.as_bytes())?;
    for (entry, packed) in plan.entries.iter().zip(packed) {
        let none = Stamp::default();
        let stamp = match &entry.origin {
            Origin::Disk { stamp, .. } => stamp,
            Origin::Link(_) | Origin::Blob { .. } => &none,
        };
        let settled = Stamp::IS_CERTAIN && stamp.modified.max(stamp.changed).saturating_add(SETTLED) < started;
        writer.text(entry.path.as_str().as_bytes())?;
        writer.stamp(stamp)?;
        writer.put(&[u8::from(settled), mode_byte(packed.header.mode), packed.header.method as u8])?;
        writer.put(&packed.flags.to_bits().to_le_bytes())?;
        writer.put(&packed.content.0)?;
        writer.put(&packed.header.crc.to_le_bytes())?;
        writer.put(&packed.header.size.to_le_bytes())?;
        writer.put(&packed.header.packed.to_le_bytes())?;
        writer.put(&packed.offset.to_le_bytes())?;
    }
    let IndexWriter { mut out, sum } = writer;
    out.seek(SeekFrom::Start(top.len() as u64))?;
    out.write_all(&sum.finalize().to_le_bytes())?;
    out.flush()
}

struct IndexWriter<W> {
    out: W,
    sum: crc32fast::Hasher,
}

impl<W: Write> IndexWriter<W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.out.write_all(bytes)
    }

    fn text(&mut self, text: &[u8]) -> io::Result<()> {
        let length = u16::try_from(text.len()).expect("paths are shorter than 64 kB");
        self.put(&length.to_le_bytes())?;
        self.put(text)
    }

    fn stamp(&mut self, stamp: &Stamp) -> io::Result<()> {
        self.put(&stamp.size.to_le_bytes())?;
        self.put(&stamp.modified.to_le_bytes())?;
        self.put(&stamp.changed.to_le_bytes())?;
        self.put(&stamp.inode.to_le_bytes())?;
        self.put(&[u8::from(stamp.executable)])
    }
}

pub(super) struct Record<'a> {
    pub(super) path: &'a [u8],
    pub(super) stamp: Stamp,
    /// Was the file old enough when it was read?
    pub(super) settled: bool,
    pub(super) packed: PackedEntry,
}

#[derive(Clone, Copy)]
pub(super) struct IndexReader<'a>(pub(super) &'a [u8]);

impl<'a> IndexReader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.array().map(u16::from_le_bytes)?);
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    fn last_bundle(mut self) -> Option<LastBundle<'a>> {
        let (stamp, digest, entries) = (self.stamp()?, TreeDigest(self.array()?), self.u64()?);
        let name = self.text()?;
        Some(LastBundle { stamp, digest, entries, name, records: self })
    }

    fn stamp(&mut self) -> Option<Stamp> {
        Some(Stamp {
            size: self.u64()?,
            modified: self.i64()?,
            changed: self.i64()?,
            inode: self.u64()?,
            executable: self.array::<1>()? != [0],
        })
    }

    pub(super) fn record(&mut self) -> Option<Record<'a>> {
        let path = self.text()?;
        let stamp = self.stamp()?;
        let [settled, mode, method] = self.array()?;
        let flags = self.u32()?;
        let content = ContentDigest(self.array()?);
        let crc = self.u32()?;
        let size = self.u64()?;
        let packed = self.u64()?;
        let offset = self.u64()?;
        let method = match method {
            0 => Method::Stored,
            8 => Method::Deflated,
            _ => return None,
        };
        let header = Header { mode: mode_of(mode)?, method, crc, size, packed };
        let packed = PackedEntry { content, header, flags: ContentFlags::from_bits(flags), offset };
        Some(Record { path, stamp, settled: settled != 0, packed })
    }
}

fn mode_byte(mode: Mode) -> u8 {
    match mode {
        Mode::File => 0,
        Mode::Executable => 1,
        Mode::Link => 2,
    }
}

fn mode_of(byte: u8) -> Option<Mode> {
    [Mode::File, Mode::Executable, Mode::Link].get(usize::from(byte)).copied()
}
