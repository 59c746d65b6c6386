//! Contents become a zip file, on all cores, in an order that no core decides.
//!
//! Entries are dealt out in batches. Each worker reads, hashes and deflates a batch into one piece of memory, local
//! headers included; the calling thread writes the pieces in order, and works like the others while the next one is not
//! there. Large files are streamed by the calling thread when their turn comes. Workers may be only a few batches ahead,
//! so memory stays bounded.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::archive::{Header, Method, write_end};
use super::build::Errand;
use super::content::Contents;
use super::deflate::{Deflater, StreamDeflater, is_random};
use super::digest::{ContentDigest, TreeDigest, TreeHasher};
use super::entry::Mode;
use super::error::{Error, Problem};
use super::note::Note;
use super::output::Draft;
use super::plan::Plan;
use super::screen::{Screen, Traits};
use super::shipped::{Entry, Origin};
use super::threads::threads;

/// Files above this are streamed.
pub(crate) const LARGE: u64 = 4 << 20;
/// A batch ends after so many entries or bytes. In a small project it ends earlier, so that no core is without work.
const BATCH_ENTRIES: usize = 64;
const BATCHES_EACH: usize = 2;
const BATCH_BYTES: u64 = 1 << 20;
/// With fewer bytes than this to pack, another thread costs more than it brings.
const WORTH: u64 = 128 << 10;
/// How much of a large file is in memory.
pub(crate) const PIECE: usize = 1 << 20;

/// Where the bytes go.
pub(crate) enum Sink<'a> {
    /// Only the digest is wanted.
    Nowhere,
    Draft(&'a mut Draft),
}

/// What is known of an entry once it was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sealed {
    pub(crate) content: ContentDigest,
    pub(crate) header: Header,
    pub(crate) traits: Traits,
    /// Where its local header is.
    pub(crate) offset: u64,
}

/// The result of packing.
pub(crate) struct Packed {
    pub(crate) digest: TreeDigest,
    pub(crate) bytes: u64,
    pub(crate) notes: Vec<Note>,
    pub(crate) sealed: Vec<Sealed>,
}

/// The entries from here to there.
enum Batch {
    /// In the previous bundle already.
    Known(Range<usize>),
    Small(Range<usize>),
    Large(usize),
}

fn batches(entries: &[Entry], known: &[Option<Sealed>], threads: usize) -> Vec<Batch> {
    let mut batches = Vec::new();
    let most = (entries.len() / (threads * BATCHES_EACH)).clamp(1, BATCH_ENTRIES);
    let mut at = 0;
    while at < entries.len() {
        let start = at;
        let same = |index: usize| known[index].is_some();
        if same(start) {
            while at < entries.len() && same(at) {
                at += 1;
            }
            batches.push(Batch::Known(start..at));
        } else if entries[start].size() > LARGE {
            at += 1;
            batches.push(Batch::Large(start));
        } else {
            let mut bytes = 0;
            while at < entries.len() && !same(at) && at - start < most && bytes + entries[at].size() <= LARGE {
                bytes += entries[at].size();
                at += 1;
                if bytes >= BATCH_BYTES {
                    break;
                }
            }
            batches.push(Batch::Small(start..at));
        }
    }
    batches
}

/// How many threads the small files keep busy that are not known.
fn helpful(entries: &[Entry], known: &[Option<Sealed>]) -> usize {
    let unknown = entries.iter().zip(known).filter(|(entry, known)| known.is_none() && entry.size() <= LARGE);
    match unknown.map(|(entry, _)| entry.size()).sum::<u64>() / WORTH {
        0 | 1 => 1,
        many => threads().min(usize::try_from(many).unwrap_or(usize::MAX)),
    }
}

/// A batch that waits for its turn.
#[derive(Default)]
struct Piece {
    bytes: Vec<u8>,
    sealed: Vec<Sealed>,
}

#[derive(Default)]
struct Desk {
    /// The next batch to be taken.
    next: usize,
    /// Batches that have been written.
    written: usize,
    ready: BTreeMap<usize, Result<Piece, Error>>,
    /// Memory to be used again.
    spare: Vec<Piece>,
    closed: bool,
}

struct Office<'a> {
    plan: &'a Plan,
    batches: &'a [Batch],
    deflate: bool,
    ahead: usize,
    desk: Mutex<Desk>,
    news: Condvar,
}

/// Read every entry of `plan` once, and write what `sink` wants.
pub(crate) fn pack(
    plan: &Plan,
    known: &[Option<Sealed>],
    old: Option<&File>,
    sink: Sink<'_>,
    errand: &Errand<'_>,
) -> Result<Packed, Error> {
    let threads = helpful(&plan.entries, known);
    let batches = batches(&plan.entries, known, threads);
    let office = Office {
        plan,
        batches: &batches,
        deflate: matches!(sink, Sink::Draft(_)),
        ahead: 2 * threads + 2,
        desk: Mutex::default(),
        news: Condvar::new(),
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| office.work());
        }
        let result = Clerk::new(plan, known, old, sink, errand).write_all(&office);
        office.close();
        result
    })
}

impl Office<'_> {
    fn close(&self) {
        self.desk().closed = true;
        self.news.notify_all();
    }

    fn work(&self) {
        let mut worker = Worker::new(self.plan);
        let mut desk = self.desk();
        loop {
            if let Some((number, piece)) = self.take(&mut desk) {
                drop(desk);
                desk = self.make(&mut worker, number, piece);
            } else if desk.closed || desk.next >= self.batches.len() {
                return;
            } else {
                desk = self.news.wait(desk).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// The piece of a batch of small files. Whoever waits for it works meanwhile.
    fn wait_for(&self, number: usize, worker: &mut Worker<'_>) -> Result<Piece, Error> {
        let mut desk = self.desk();
        loop {
            if let Some(piece) = desk.ready.remove(&number) {
                return piece;
            }
            if let Some((number, piece)) = self.take(&mut desk) {
                drop(desk);
                desk = self.make(worker, number, piece);
            } else {
                desk = self.news.wait(desk).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch of small files that nobody has taken, unless it is too far ahead, and memory for its piece.
    fn take(&self, desk: &mut Desk) -> Option<(usize, Piece)> {
        while !desk.closed && desk.next < self.batches.len() && desk.next < desk.written + self.ahead {
            let number = desk.next;
            desk.next += 1;
            if matches!(self.batches[number], Batch::Small(_)) {
                return Some((number, desk.spare.pop().unwrap_or_default()));
            }
        }
        None
    }

    fn make(&self, worker: &mut Worker<'_>, number: usize, mut piece: Piece) -> MutexGuard<'_, Desk> {
        let Batch::Small(range) = &self.batches[number] else { unreachable!("only small files are taken") };
        piece.bytes.clear();
        piece.sealed.clear();
        let entries = &self.plan.entries[range.clone()];
        let announced = worker.contents.announce(entries);
        let mut seal = |entry| worker.seal(entry, self.deflate, &mut piece);
        let result = announced.and_then(|()| entries.iter().try_for_each(&mut seal));
        let mut desk = self.desk();
        desk.ready.insert(number, result.map(|()| piece));
        self.news.notify_all();
        desk
    }

    fn written(&self, piece: Option<Piece>) {
        let mut desk = self.desk();
        desk.written += 1;
        desk.spare.extend(piece);
        drop(desk);
        self.news.notify_all();
    }
}

struct Worker<'a> {
    contents: Contents<'a>,
    deflater: Deflater,
}

impl<'a> Worker<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self { contents: Contents::new(plan), deflater: Deflater::default() }
    }

    fn seal(&mut self, entry: &Entry, deflate: bool, to: &mut Piece) -> Result<(), Error> {
        let content = self.contents.read(entry)?;
        let digest = ContentDigest(Sha256::digest(content).into());
        let size = content.len() as u64;
        let is_link = matches!(entry.origin, Origin::Link(_));
        let random = !is_link && is_random(content);
        let traits = if is_link { Traits::default() } else { Traits::of(content, random) };
        let mode = entry.mode(traits);
        let mut header = Header { mode, method: Method::Stored, crc: 0, size, packed: size };
        let offset = to.bytes.len() as u64;
        if deflate {
            header.crc = crc32fast::hash(content);
            let (method, packed) = self.deflater.pack(content, random || is_link);
            header.method = method;
            if method == Method::Deflated {
                header.packed = packed.len() as u64;
            }
            header.write_local(&entry.path, &mut to.bytes);
            to.bytes.extend_from_slice(if method == Method::Deflated { packed } else { content });
        }
        to.sealed.push(Sealed { content: digest, header, traits, offset });
        Ok(())
    }
}

/// What contents show that somebody should know, or that must not ship.
pub(crate) struct Review<'a> {
    plan: &'a Plan,
    notes: Vec<Note>,
    problems: Vec<Problem>,
}

impl<'a> Review<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self { plan, notes: Vec::new(), problems: Vec::new() }
    }

    pub(crate) fn look_at(&mut self, entry: &Entry, traits: Traits) {
        if let Some(kind) = traits.problem()
            && !self.plan.allows(&entry.path)
        {
            self.problems.push(Problem { path: entry.path.to_string(), kind });
        }
        if traits.crlf {
            self.notes.push(Note::CrlfScript(entry.path.clone()));
        }
        if traits.lfs_pointer {
            self.notes.push(Note::LfsPointer(entry.path.clone()));
        }
    }

    pub(crate) fn finish(self) -> Result<Vec<Note>, Error> {
        if self.problems.is_empty() { Ok(self.notes) } else { Err(Error::Problems { problems: self.problems }) }
    }
}

/// The one thread that writes.
struct Clerk<'a> {
    plan: &'a Plan,
    known: &'a [Option<Sealed>],
    /// The previous bundle.
    old: Option<&'a File>,
    sink: Sink<'a>,
    errand: &'a Errand<'a>,
    offset: u64,
    tree: TreeHasher,
    sealed: Vec<Sealed>,
    review: Review<'a>,
}

impl<'a> Clerk<'a> {
    fn new(
        plan: &'a Plan,
        known: &'a [Option<Sealed>],
        old: Option<&'a File>,
        sink: Sink<'a>,
        errand: &'a Errand<'a>,
    ) -> Self {
        let sealed = Vec::with_capacity(plan.entries.len());
        Self { plan, known, old, sink, errand, offset: 0, tree: TreeHasher::new(), sealed, review: Review::new(plan) }
    }

    fn write_all(mut self, office: &Office<'_>) -> Result<Packed, Error> {
        let mut worker = Worker::new(self.plan);
        for (number, batch) in office.batches.iter().enumerate() {
            match batch {
                Batch::Small(range) => {
                    let piece = office.wait_for(number, &mut worker)?;
                    if let Sink::Draft(draft) = &mut self.sink {
                        draft.write(&piece.bytes)?;
                    }
                    let base = self.offset;
                    for (entry, sealed) in self.plan.entries[range.clone()].iter().zip(&piece.sealed) {
                        self.book(entry, Sealed { offset: base + sealed.offset, ..*sealed });
                    }
                    self.offset = base + piece.bytes.len() as u64;
                    office.written(Some(piece));
                }
                Batch::Known(range) => {
                    self.take_over(range.clone())?;
                    office.written(None);
                }
                Batch::Large(index) => {
                    self.stream(&self.plan.entries[*index])?;
                    office.written(None);
                }
            }
            self.check_size()?;
        }
        self.finish()
    }

    /// Copy a run of entries that the previous bundle has, in as few pieces as it has them.
    fn take_over(&mut self, range: Range<usize>) -> Result<(), Error> {
        let entries = &self.plan.entries[range.clone()];
        let sealed = self.known[range].iter().map(|sealed| sealed.expect("the batch is of known entries"));
        let mut piece: Option<(u64, u64)> = None;
        for (entry, sealed) in entries.iter().zip(sealed) {
            let length = sealed.header.local_length(&entry.path) + sealed.header.packed;
            match &mut piece {
                Some((start, total)) if *start + *total == sealed.offset => *total += length,
                _ => {
                    self.copy(piece.replace((sealed.offset, length)))?;
                }
            }
            let offset = self.offset;
            self.offset += length;
            self.book(entry, Sealed { offset, ..sealed });
        }
        self.copy(piece)
    }

    fn copy(&mut self, piece: Option<(u64, u64)>) -> Result<(), Error> {
        match (&mut self.sink, self.old, piece) {
            (Sink::Draft(draft), Some(old), Some((start, length))) => draft.copy(old, start, length),
            _ => Ok(()),
        }
    }

    fn stream(&mut self, entry: &Entry) -> Result<(), Error> {
        let mut method = None;
        let sealed = loop {
            let (sealed, mixed) = self.stream_as(entry, method)?;
            let grew = sealed.header.method == Method::Deflated && sealed.header.packed >= sealed.header.size;
            method = match (mixed, grew) {
                (true, _) => Some(Method::Deflated),
                (_, true) => Some(Method::Stored),
                _ => break sealed,
            };
        };
        if let Sink::Draft(draft) = &mut self.sink {
            let mut header = Vec::new();
            sealed.header.write_local(&entry.path, &mut header);
            draft.write_at(sealed.offset, &header)?;
            self.offset = sealed.offset + header.len() as u64 + sealed.header.packed;
        }
        self.book(entry, sealed);
        Ok(())
    }

    /// One pass over a large content. The method follows from its first piece, or is given. If that piece is random and
    /// another is not, the content is mixed, and what was written is of no use.
    fn stream_as(&mut self, entry: &Entry, method: Option<Method>) -> Result<(Sealed, bool), Error> {
        let size = entry.size();
        let mut header = Header { mode: Mode::File, method: Method::Stored, crc: 0, size, packed: 0 };
        if let Sink::Draft(draft) = &mut self.sink {
            draft.truncate(self.offset)?;
            draft.write(&vec![0; header.local_length(&entry.path) as usize])?;
        }
        let mut hasher = Sha256::new();
        let mut crc = crc32fast::Hasher::new();
        let mut screen = Screen::default();
        let mut deflater = (method == Some(Method::Deflated)).then(StreamDeflater::new);
        let mut undecided = method.is_none() && !matches!(self.sink, Sink::Nowhere);
        let (mut first, mut mixed) = (true, false);
        let mut buffer = vec![0; PIECE];
        let sink = &mut self.sink;
        let limit = self.errand.max_bytes;
        let (start, plan) = (self.offset, self.plan);
        let mut write = |bytes: &[u8]| {
            header.packed += bytes.len() as u64;
            match sink {
                Sink::Nowhere => Ok(()),
                Sink::Draft(_) if start + header.packed > limit => Err(plan.too_large(start + header.packed, limit)),
                Sink::Draft(draft) => draft.write(bytes),
            }
        };
        Contents::new(self.plan).stream(entry, &mut buffer, |piece| {
            let random = is_random(piece);
            if undecided && !random {
                mixed = !first;
                deflater = first.then(StreamDeflater::new);
                undecided = false;
            }
            first = false;
            if mixed {
                return Ok(());
            }
            hasher.update(piece);
            crc.update(piece);
            screen.add(piece, random);
            match &mut deflater {
                Some(deflater) if random => deflater.store(piece, &mut write),
                Some(deflater) => deflater.add(piece, &mut write),
                None => write(piece),
            }
        })?;
        if let Some(deflater) = deflater {
            deflater.finish(&mut write)?;
            header.method = Method::Deflated;
        }
        header.crc = crc.finalize();
        let traits = screen.finish();
        header.mode = entry.mode(traits);
        let content = ContentDigest(hasher.finalize().into());
        Ok((Sealed { content, header, traits, offset: self.offset }, mixed))
    }

    /// Enter a sealed entry into the books.
    fn book(&mut self, entry: &Entry, sealed: Sealed) {
        self.tree.add(sealed.header.mode, &sealed.content, &entry.path);
        self.errand.progress.advance(sealed.header.size);
        self.review.look_at(entry, sealed.traits);
        self.sealed.push(sealed);
    }

    fn check_size(&self) -> Result<(), Error> {
        let limit = self.errand.max_bytes;
        if self.offset <= limit {
            return Ok(());
        }
        Err(self.plan.too_large(self.offset, limit))
    }

    fn finish(mut self) -> Result<Packed, Error> {
        let notes = std::mem::replace(&mut self.review, Review::new(self.plan)).finish()?;
        if let Sink::Draft(draft) = &mut self.sink {
            let directory = self.offset;
            let mut bytes = Vec::with_capacity(1 << 16);
            for (entry, sealed) in self.plan.entries.iter().zip(&self.sealed) {
                sealed.header.write_central(&entry.path, sealed.offset, &mut bytes);
                if bytes.len() >= 1 << 16 {
                    draft.write(&bytes)?;
                    self.offset += bytes.len() as u64;
                    bytes.clear();
                }
            }
            self.offset += bytes.len() as u64;
            write_end(self.sealed.len() as u64, directory, self.offset - directory, &mut bytes);
            draft.write(&bytes)?;
            self.offset = draft.length()?;
        }
        self.check_size()?;
        Ok(Packed { digest: self.tree.finish(), bytes: self.offset, notes, sealed: self.sealed })
    }
}
