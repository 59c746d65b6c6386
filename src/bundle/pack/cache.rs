//! Cache of packed entries: the previous zip file, and an index beside it that tells what is where.
//!
//! A file is taken from the cache if it is what it was when it was read: the same size, inode, times and mode. Times can
//! lie by their coarseness: a file that changed within the same tick in which it was read looks unchanged. So a file that
//! was younger than two seconds when it was read is never trusted; it is read and hashed again. Where the system tells less of
//! a file ([`Stamp::IS_CERTAIN`]), that is true of all of them.
//!
//! The cache is a guess that saves work and nothing else. Whatever is odd about it (another version wrote it, it was cut
//! off, the zip file is gone or another) means that there is none.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::bundle::digest::{ContentDigest, TreeDigest};
use crate::bundle::entry::Mode;
use crate::bundle::error::Error;
use crate::bundle::select::disk::Stamp;
use crate::bundle::select::origin::{Entry, Origin};
use crate::bundle::select::plan::Plan;
use crate::bundle::threads::threads;
use crate::file;

use super::index::{INDEX, Index, IndexReader, LastBundle};
use super::packed_entry::{LARGE, PackedEntry};
use crate::bundle::select::content::Contents;

/// The previous bundle, believed in.
pub(crate) struct Cache<'a> {
    pub(crate) zip: File,
    pub(crate) path: PathBuf,
    pub(crate) digest: TreeDigest,
    pub(crate) bytes: u64,
    entries: u64,
    records: IndexReader<'a>,
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

impl<'a> Cache<'a> {
    /// The cache beside the bundles in `dir`, if its `index` can be believed.
    pub(crate) fn load(dir: &Path, index: &'a Index) -> Option<Self> {
        let LastBundle { stamp, digest, entries, name, records } = index.last_bundle()?;
        let name = std::str::from_utf8(name).ok().filter(|name| !name.contains('/'))?;
        let path = dir.join(name);
        let (zip, metadata) = file::open(&path).ok()?;
        if Stamp::of(&metadata) != stamp {
            return None;
        }
        Some(Self { zip, path, digest, bytes: stamp.size, entries, records })
    }

    /// Entries of `plan` that are as they were. Both are sorted, so one pass over both finds it.
    pub(crate) fn cached(&self, plan: &Plan) -> Cached {
        let mut cached = Cached::nothing(plan);
        let mut reader = self.records;
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
        std::fs::remove_file(&index).map_err(|source| Error::Write { path: index, source })?;
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
    let file = file::temporary_in(dir)?;
    Ok(Stamp::of(&file.metadata().map_err(failed)?).modified)
}
