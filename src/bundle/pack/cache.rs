//! Cache of packed entries: the previous zip file, and an index beside it that tells what is where.
//!
//! A file is taken from the cache if it is what it was when it was read: the same size, inode, times and mode. Times can
//! lie by their coarseness: a file that changed within the same tick in which it was read looks unchanged. So a file that
//! was younger than [`SETTLED`] when it was read is never trusted; it is read and hashed again. Where the system tells less of
//! a file ([`Stamp::IS_CERTAIN`]), that is true of all of them.
//!
//! The cache is a guess that saves work and nothing else. Whatever is odd about it (another version wrote it, it was cut
//! off, the zip file is gone or another) means that there is none.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::bundle::digest::{ContentDigest, TreeDigest};
use crate::bundle::entry::Mode;
use crate::bundle::error::Error;
use crate::bundle::flags::ContentFlags;
use crate::bundle::select::disk::Stamp;
use crate::bundle::select::origin::{Entry, Origin};
use crate::bundle::select::plan::Plan;
use crate::bundle::threads::threads;

use super::archive::{Header, Method};
use super::compress::{LARGE, PackedEntry};
use super::content::Contents;

/// The name of the index, beside the bundles.
pub(crate) const INDEX: &str = "index";

/// Two seconds: the coarsest clock of a file system in use (FAT).
const SETTLED: i64 = 2_000_000_000;

/// Another layout, or another way to pack, is another cache: old packed contents must not live on in new bundles.
const MAGIC: &[u8] = concat!("beansprout-index-2 ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// The previous bundle, believed in.
pub(crate) struct Cache {
    pub(crate) zip: File,
    pub(crate) path: PathBuf,
    pub(crate) digest: TreeDigest,
    pub(crate) bytes: u64,
    entries: u64,
    records: Vec<u8>,
}

/// Entries of a plan that the cache has.
#[derive(Clone)]
pub(crate) struct Cached {
    /// For every entry of the plan: the cached one if there is one, with the place in the previous zip file.
    pub(crate) packed: Vec<Option<PackedEntry>>,
    /// Entries that look changed, or may be, and what they were before.
    stale: Vec<(usize, PackedEntry)>,
    /// Does the previous bundle have other entries besides?
    others: bool,
    /// The file system's time before anything was read again.
    pub(crate) started: Option<i64>,
}

impl Cached {
    pub(crate) fn nothing(plan: &Plan) -> Self {
        Self { packed: vec![None; plan.entries.len()], stale: Vec::new(), others: true, started: None }
    }

    /// Is the previous bundle the one that is asked for?
    pub(crate) fn is_everything(&self) -> bool {
        !self.others && self.packed.iter().all(Option::is_some)
    }

    pub(crate) fn count(&self) -> usize {
        self.packed.iter().flatten().count()
    }
}

impl Cache {
    /// The cache beside the bundles in `dir`, if it can be believed.
    pub(crate) fn load(dir: &Path) -> Option<Self> {
        let mut file = File::open(dir.join(INDEX)).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let mut reader = IndexReader(bytes.strip_prefix(MAGIC)?);
        let sum = reader.u32()?;
        if crc32fast::hash(reader.0) != sum {
            return None;
        }
        let stamp = reader.stamp()?;
        let digest = TreeDigest(reader.array()?);
        let entries = reader.u64()?;
        let name = reader.text()?;
        let path = dir.join(std::str::from_utf8(name).ok()?);
        let start = bytes.len() - reader.0.len();
        let zip = File::open(&path).ok()?;
        if Stamp::of(&zip.metadata().ok()?) != stamp {
            return None;
        }
        bytes.drain(..start);
        Some(Self { zip, path, digest, bytes: stamp.size, entries, records: bytes })
    }

    /// Entries of `plan` that are as they were. Both are sorted, so one pass over both finds it.
    pub(crate) fn cached(&self, plan: &Plan) -> Cached {
        let mut cached = Cached::nothing(plan);
        let mut reader = IndexReader(&self.records);
        let mut record = reader.record();
        let mut matched = 0;
        for (index, entry) in plan.entries.iter().enumerate() {
            let path = entry.path.as_str().as_bytes();
            let mut order = std::cmp::Ordering::Greater;
            while let Some(found) = &record {
                order = found.path.cmp(path);
                if order.is_ge() {
                    break;
                }
                record = reader.record();
            }
            let Some(found) = record.as_ref().filter(|_| order.is_eq()) else { continue };
            matched += 1;
            match &entry.origin {
                Origin::Disk { stamp, .. } if *stamp == found.stamp && found.settled => {
                    // git may have another opinion of the mode by now, where it is git's that counts.
                    let PackedEntry { header, flags, .. } = found.packed;
                    cached.packed[index] = Some(found.packed).filter(|_| entry.mode(flags) == header.mode);
                }
                Origin::Disk { stamp, .. } if stamp.size == found.packed.header.size => {
                    cached.stale.push((index, found.packed));
                }
                Origin::Link(target)
                    if ContentDigest(Sha256::digest(target.as_bytes()).into()) == found.packed.content =>
                {
                    cached.packed[index] = Some(found.packed).filter(|packed| packed.header.mode == Mode::Link);
                }
                _ => {}
            }
        }
        cached.others = matched != self.entries;
        cached
    }

    /// Hold what was believed against what was read and packed anew, byte by byte. A cache that was wrong is deleted.
    pub(crate) fn prove(
        &self,
        plan: &Plan,
        cached: &Cached,
        fresh: &[PackedEntry],
        packed: &File,
    ) -> Result<(), Error> {
        let mut wrong = Vec::new();
        for ((entry, cached), fresh) in plan.entries.iter().zip(&cached.packed).zip(fresh) {
            let Some(cached) = cached else { continue };
            let length = fresh.header.local_length(&entry.path) + fresh.header.packed;
            let same = cached.content == fresh.content
                && cached.header == fresh.header
                && cached.flags == fresh.flags
                && same_bytes((&self.zip, cached.offset), (packed, fresh.offset), length).unwrap_or(false);
            if !same {
                wrong.push(entry.path.to_string());
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let index = self.path.with_file_name(INDEX);
        fs::remove_file(&index).map_err(|source| Error::Write { path: index, source })?;
        Err(Error::CacheWrong { paths: wrong })
    }
}

fn same_bytes(one: (&File, u64), other: (&File, u64), length: u64) -> io::Result<bool> {
    let open = |(mut file, offset): (&'_ File, u64)| -> io::Result<()> { file.seek(SeekFrom::Start(offset)).map(drop) };
    open(one)?;
    open(other)?;
    let (mut one, mut other) = (BufReader::new(one.0.take(length)), BufReader::new(other.0.take(length)));
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let common = left.len().min(right.len());
        if common == 0 {
            return Ok(left.len() == right.len());
        }
        if left[..common] != right[..common] {
            return Ok(false);
        }
        one.consume(common);
        other.consume(common);
    }
}

impl Cached {
    /// Read the stale candidates again. One with the content that it had before is cached after all.
    pub(crate) fn recheck(&mut self, plan: &Plan, dir: &Path) -> Result<(), Error> {
        if self.stale.is_empty() {
            return Ok(());
        }
        self.started = Some(file_system_time(dir)?);
        let stale = std::mem::take(&mut self.stale);
        let next = AtomicUsize::new(0);
        let settled = Mutex::new(&mut self.packed);
        let work = || -> Result<(), Error> {
            let mut contents = Contents::new(plan);
            loop {
                let Some((index, before)) = stale.get(next.fetch_add(1, Ordering::Relaxed)) else { return Ok(()) };
                let entry = &plan.entries[*index];
                let same =
                    hash(&mut contents, entry)? == before.content && entry.mode(before.flags) == before.header.mode;
                if same {
                    settled.lock().unwrap_or_else(PoisonError::into_inner)[*index] = Some(*before);
                }
            }
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads().min(stale.len())).map(|_| scope.spawn(work)).collect();
            let own = work();
            others.into_iter().fold(own, |result, other| result.and(other.join().expect("a reader does not panic")))
        })
    }
}

fn hash(contents: &mut Contents<'_>, entry: &Entry) -> Result<ContentDigest, Error> {
    if entry.size() <= LARGE {
        return Ok(ContentDigest(Sha256::digest(contents.read(entry)?).into()));
    }
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 1 << 18];
    contents.stream(entry, &mut piece, |piece| {
        hasher.update(piece);
        Ok(())
    })?;
    Ok(ContentDigest(hasher.finalize().into()))
}

/// Time that a file gets which is made in `dir` now.
pub(crate) fn file_system_time(dir: &Path) -> Result<i64, Error> {
    let failed = |source| Error::Write { path: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(failed)?;
    let file = tempfile::tempfile_in(dir).map_err(failed)?;
    Ok(Stamp::of(&file.metadata().map_err(failed)?).modified)
}

/// Write the index of the bundle at `zip`, whose entries were read at `started` or later.
///
/// A failure costs time in the next run and nothing else: the bundle is there all the same.
pub(crate) fn save(
    zip: &Path,
    digest: &TreeDigest,
    plan: &Plan,
    packed: &[PackedEntry],
    started: i64,
) -> io::Result<()> {
    let dir = zip.parent().expect("bundles are in a folder");
    let name = zip.file_name().expect("a bundle has a name").to_string_lossy().into_owned();
    let temp = tempfile::Builder::new().prefix(".beansprout-").suffix(".part").tempfile_in(dir)?;
    let (file, temp) = temp.into_parts();
    let mut writer = IndexWriter { out: BufWriter::with_capacity(1 << 18, file), sum: crc32fast::Hasher::new() };
    writer.out.write_all(MAGIC)?;
    writer.out.write_all(&[0; 4])?;
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
    out.seek(SeekFrom::Start(MAGIC.len() as u64))?;
    out.write_all(&sum.finalize().to_le_bytes())?;
    out.flush()?;
    drop(out);
    temp.persist(dir.join(INDEX))?;
    Ok(())
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

struct Record<'a> {
    path: &'a [u8],
    stamp: Stamp,
    /// Was the file old enough when it was read?
    settled: bool,
    packed: PackedEntry,
}

struct IndexReader<'a>(&'a [u8]);

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

    fn stamp(&mut self) -> Option<Stamp> {
        Some(Stamp {
            size: self.u64()?,
            modified: self.i64()?,
            changed: self.i64()?,
            inode: self.u64()?,
            executable: self.array::<1>()? != [0],
        })
    }

    fn record(&mut self) -> Option<Record<'a>> {
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
