//! Contents become a zip file, on all cores, in an order that no core decides.
//!
//! Entries are dealt out in batches. Each worker reads, hashes and deflates a batch into one piece of memory, local
//! headers included; the calling thread writes the pieces in order, and works like the others while the next one is not
//! there. Large files are streamed by the calling thread when their turn comes. Workers may be ahead by a few MB only, so
//! memory stays bounded.

use std::fs::File;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::bundle::digest::{ContentDigest, TreeDigest, TreeHasher};
use crate::bundle::entry::Mode;
use crate::bundle::error::{Error, Problem};
use crate::bundle::flags::{Screen, Traits};
use crate::bundle::select::note::Note;
use crate::bundle::select::origin::Entry;
use crate::bundle::select::plan::Plan;
use crate::bundle::threads::threads;

use super::archive::{Header, Method, write_end};
use super::chunks::Pieces;
use super::compress::{PIECE, Sealed, Worker};
use super::content::Contents;
use super::deflate::is_random;
use super::options::Errand;
use super::output::Draft;
use super::pool::{Batch, Office};

/// Pieces of a large file that are deflated at once, each by its thread.
const MOST_PIECES: usize = 4;

/// Where the bytes go.
pub(crate) enum Sink<'a> {
    /// Only the digest is wanted.
    Nowhere,
    Draft(&'a mut Draft),
}

/// The result of packing.
pub(crate) struct Packed {
    pub(crate) digest: TreeDigest,
    pub(crate) bytes: u64,
    pub(crate) notes: Vec<Note>,
    pub(crate) sealed: Vec<Sealed>,
}

/// Read every entry of `plan` once, and write what `sink` wants.
pub(crate) fn pack(
    plan: &Plan,
    known: &[Option<Sealed>],
    old: Option<&File>,
    sink: Sink<'_>,
    errand: &Errand<'_>,
) -> Result<Packed, Error> {
    let office = Office::new(plan, known, matches!(sink, Sink::Draft(_)));
    office.run(|| Clerk::new(plan, known, old, sink, errand).write_all(&office))
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

/// How a large content is written, as far as is known of it.
enum Form {
    /// Its first piece will tell.
    Open,
    /// Stored, since all of it was random so far.
    Noise,
    /// Stored, whatever it is.
    Stored,
    Deflated(Pieces),
    /// Noise, and then something else that deflates.
    Mixed,
}

impl Form {
    fn deflated() -> Self {
        Self::Deflated(Pieces::new(threads().min(MOST_PIECES)))
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
                Batch::Small(range, _) => {
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
                    self.stream(&self.plan.entries[*index], &mut worker.contents)?;
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

    fn stream(&mut self, entry: &Entry, contents: &mut Contents<'_>) -> Result<(), Error> {
        let mut form = if matches!(self.sink, Sink::Nowhere) { Form::Stored } else { Form::Open };
        let sealed = loop {
            match self.stream_as(entry, form, contents)? {
                Ok(sealed) => break sealed,
                Err(other) => form = other,
            }
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

    /// One pass over a large content; or the form in which to begin again, if what was written is of no use.
    fn stream_as(
        &mut self,
        entry: &Entry,
        mut form: Form,
        contents: &mut Contents<'_>,
    ) -> Result<Result<Sealed, Form>, Error> {
        let size = entry.size();
        let mut header = Header { mode: Mode::File, method: Method::Stored, crc: 0, size, packed: 0 };
        if let Sink::Draft(draft) = &mut self.sink {
            draft.truncate(self.offset)?;
            draft.write(&vec![0; header.local_length(&entry.path) as usize])?;
        }
        let mut hasher = Sha256::new();
        let mut crc = crc32fast::Hasher::new();
        let mut screen = Screen::default();
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
        contents.stream(entry, &mut buffer, |piece| {
            let random = is_random(piece);
            match (&form, random) {
                (Form::Open, true) => form = Form::Noise,
                (Form::Open, false) => form = Form::deflated(),
                (Form::Noise, false) => form = Form::Mixed,
                _ => {}
            }
            if matches!(form, Form::Mixed) {
                return Ok(());
            }
            hasher.update(piece);
            crc.update(piece);
            screen.add(piece, random);
            match &mut form {
                Form::Deflated(pieces) => pieces.add(piece, &mut write),
                _ => write(piece),
            }
        })?;
        match form {
            Form::Mixed => return Ok(Err(Form::deflated())),
            Form::Deflated(pieces) => {
                pieces.finish(&mut write)?;
                header.method = Method::Deflated;
                if header.packed >= size {
                    return Ok(Err(Form::Stored));
                }
            }
            Form::Open | Form::Noise | Form::Stored => {}
        }
        header.crc = crc.finalize();
        let traits = screen.finish();
        header.mode = entry.mode(traits);
        let content = ContentDigest(hasher.finalize().into());
        Ok(Ok(Sealed { content, header, traits, offset: self.offset }))
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
