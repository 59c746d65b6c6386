//! Zip file writer: contents are packed on all cores, in an order that no core decides.
//!
//! Entries are dealt out in batches. Each worker reads, hashes and deflates a batch into one output, local
//! headers included; the calling thread writes the outputs in order, and works like the others while the next one is not
//! there. Large files are streamed by the calling thread when their turn comes. Workers may be ahead by a few MB only, so
//! memory stays bounded.

use std::fs::File;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::bundle::digest::{ContentDigest, TreeDigest, TreeHasher};
use crate::bundle::entry::Mode;
use crate::bundle::error::Error;
use crate::bundle::flags::ContentScanner;
use crate::bundle::select::origin::Entry;
use crate::bundle::select::plan::Plan;
use crate::bundle::threads::threads;

use super::archive::{Header, Method, write_end};
use super::chunks::Chunks;
use super::deflate::is_random;
use super::options::PackOptions;
use super::output::Draft;
use super::packed_entry::{CHUNK, PackedEntry, Worker};
use super::pool::{Batch, Pool};
use super::review::{Review, Reviewed};
use crate::bundle::select::content::Contents;

/// Chunks of a large file that are deflated at once, each by its thread.
const MOST_CHUNKS: usize = 4;

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
    pub(crate) reviewed: Reviewed,
    pub(crate) entries: Vec<PackedEntry>,
}

/// Read every entry of `plan` once, and write what `sink` wants.
pub(crate) fn pack(
    plan: &Plan,
    cached: &[Option<PackedEntry>],
    old: Option<&File>,
    sink: Sink<'_>,
    options: &PackOptions<'_>,
) -> Result<Packed, Error> {
    let pool = Pool::new(plan, cached, matches!(sink, Sink::Draft(_)));
    pool.run(|| Writer::new(plan, cached, old, sink, options).write_all(&pool))
}

/// Form in which a large content is written, as far as is known of it.
enum Form {
    /// Its first chunk will tell.
    Undecided,
    /// Stored, since all of it was random so far.
    Random,
    /// Stored, whatever it is.
    Stored,
    Deflated(Chunks),
    /// Random at first, and then not: to be begun again.
    RandomStart,
}

impl Form {
    fn deflated() -> Self {
        Self::Deflated(Chunks::new(threads().min(MOST_CHUNKS)))
    }
}

/// Result of one pass over a large content.
enum Pass {
    Done(PackedEntry),
    /// What was written is of no use: begin again, in this form.
    Again(Form),
}

/// The one thread that writes.
struct Writer<'a> {
    plan: &'a Plan,
    cached: &'a [Option<PackedEntry>],
    /// The previous bundle.
    old: Option<&'a File>,
    sink: Sink<'a>,
    options: &'a PackOptions<'a>,
    offset: u64,
    tree: TreeHasher,
    packed: Vec<PackedEntry>,
    review: Review<'a>,
}

impl<'a> Writer<'a> {
    fn new(
        plan: &'a Plan,
        cached: &'a [Option<PackedEntry>],
        old: Option<&'a File>,
        sink: Sink<'a>,
        options: &'a PackOptions<'a>,
    ) -> Self {
        let packed = Vec::with_capacity(plan.entries.len());
        Self { plan, cached, old, sink, options, offset: 0, tree: TreeHasher::new(), packed, review: Review::new(plan) }
    }

    fn write_all(mut self, pool: &Pool<'_>) -> Result<Packed, Error> {
        let mut worker = Worker::new(self.plan);
        for (number, batch) in pool.batches.iter().enumerate() {
            match batch {
                Batch::Small(range, _) => {
                    let output = pool.wait_for(number, &mut worker)?;
                    if let Sink::Draft(draft) = &mut self.sink {
                        draft.write(&output.bytes)?;
                    }
                    let base = self.offset;
                    for (entry, packed) in self.plan.entries[range.clone()].iter().zip(&output.packed) {
                        self.record(entry, PackedEntry { offset: base + packed.offset, ..*packed });
                    }
                    self.offset = base + output.bytes.len() as u64;
                    pool.written(Some(output));
                }
                Batch::Cached(range) => {
                    self.take_over(range.clone())?;
                    pool.written(None);
                }
                Batch::Large(index) => {
                    self.stream(&self.plan.entries[*index], &mut worker.contents)?;
                    pool.written(None);
                }
            }
            self.check_size()?;
        }
        self.finish()
    }

    /// Copy a run of entries that the previous bundle has, in as few stretches as it has them.
    fn take_over(&mut self, range: Range<usize>) -> Result<(), Error> {
        let entries = &self.plan.entries[range.clone()];
        let packed = self.cached[range].iter().map(|packed| packed.expect("the batch is of cached entries"));
        let mut stretch: Option<(u64, u64)> = None;
        for (entry, packed) in entries.iter().zip(packed) {
            let length = packed.header.local_length(&entry.path) + packed.header.packed;
            match &mut stretch {
                Some((start, total)) if *start + *total == packed.offset => *total += length,
                _ => {
                    self.copy(stretch.replace((packed.offset, length)))?;
                }
            }
            let offset = self.offset;
            self.offset += length;
            self.record(entry, PackedEntry { offset, ..packed });
        }
        self.copy(stretch)
    }

    fn copy(&mut self, stretch: Option<(u64, u64)>) -> Result<(), Error> {
        match (&mut self.sink, self.old, stretch) {
            (Sink::Draft(draft), Some(old), Some((start, length))) => draft.copy(old, start, length),
            _ => Ok(()),
        }
    }

    fn stream(&mut self, entry: &'a Entry, contents: &mut Contents<'_>) -> Result<(), Error> {
        let mut form = if matches!(self.sink, Sink::Nowhere) { Form::Stored } else { Form::Undecided };
        let packed = loop {
            match self.stream_as(entry, form, contents)? {
                Pass::Done(packed) => break packed,
                Pass::Again(other) => form = other,
            }
        };
        if let Sink::Draft(draft) = &mut self.sink {
            let mut header = Vec::new();
            packed.header.write_local(&entry.path, &mut header);
            draft.write_at(packed.offset, &header)?;
            self.offset = packed.offset + header.len() as u64 + packed.header.packed;
        }
        self.record(entry, packed);
        Ok(())
    }

    /// One pass over a large content.
    fn stream_as(&mut self, entry: &Entry, mut form: Form, contents: &mut Contents<'_>) -> Result<Pass, Error> {
        let size = entry.size();
        let mut header = Header { mode: Mode::File, method: Method::Stored, crc: 0, size, packed: 0 };
        if let Sink::Draft(draft) = &mut self.sink {
            draft.truncate(self.offset)?;
            draft.write(&vec![0; header.local_length(&entry.path) as usize])?;
        }
        let mut hasher = Sha256::new();
        let mut crc = crc32fast::Hasher::new();
        let mut scanner = ContentScanner::default();
        let mut buffer = vec![0; CHUNK];
        let sink = &mut self.sink;
        let limit = self.options.max_bytes;
        let (start, plan) = (self.offset, self.plan);
        let mut write = |bytes: &[u8]| {
            header.packed += bytes.len() as u64;
            match sink {
                Sink::Nowhere => Ok(()),
                Sink::Draft(_) if start + header.packed > limit => Err(plan.too_large(start + header.packed, limit)),
                Sink::Draft(draft) => draft.write(bytes),
            }
        };
        contents.stream(entry, &mut buffer, |chunk| {
            let random = is_random(chunk);
            match (&form, random) {
                (Form::Undecided, true) => form = Form::Random,
                (Form::Undecided, false) => form = Form::deflated(),
                (Form::Random, false) => form = Form::RandomStart,
                _ => {}
            }
            if matches!(form, Form::RandomStart) {
                return Ok(());
            }
            hasher.update(chunk);
            crc.update(chunk);
            scanner.add(chunk, random);
            match &mut form {
                Form::Deflated(chunks) => chunks.add(chunk, &mut write),
                _ => write(chunk),
            }
        })?;
        match form {
            Form::RandomStart => return Ok(Pass::Again(Form::deflated())),
            Form::Deflated(chunks) => {
                chunks.finish(&mut write)?;
                header.method = Method::Deflated;
                if header.packed >= size {
                    return Ok(Pass::Again(Form::Stored));
                }
            }
            Form::Undecided | Form::Random | Form::Stored => {}
        }
        header.crc = crc.finalize();
        let flags = scanner.finish();
        header.mode = entry.mode(flags);
        let content = ContentDigest(hasher.finalize().into());
        Ok(Pass::Done(PackedEntry { content, header, flags, offset: self.offset }))
    }

    /// Record a packed entry: in the digest, the progress, the review and the directory.
    fn record(&mut self, entry: &'a Entry, packed: PackedEntry) {
        self.tree.add(packed.header.mode, &packed.content, &entry.path);
        self.options.progress.advance(packed.header.size);
        self.review.look_at(entry, packed.flags);
        self.packed.push(packed);
    }

    fn check_size(&self) -> Result<(), Error> {
        let limit = self.options.max_bytes;
        if self.offset <= limit {
            return Ok(());
        }
        Err(self.plan.too_large(self.offset, limit))
    }

    fn finish(mut self) -> Result<Packed, Error> {
        let reviewed = std::mem::replace(&mut self.review, Review::new(self.plan)).finish()?;
        if let Sink::Draft(draft) = &mut self.sink {
            let directory = self.offset;
            let mut bytes = Vec::with_capacity(1 << 16);
            for (entry, packed) in self.plan.entries.iter().zip(&self.packed) {
                packed.header.write_central(&entry.path, packed.offset, &mut bytes);
                if bytes.len() >= 1 << 16 {
                    draft.write(&bytes)?;
                    self.offset += bytes.len() as u64;
                    bytes.clear();
                }
            }
            self.offset += bytes.len() as u64;
            write_end(self.packed.len() as u64, directory, self.offset - directory, &mut bytes);
            draft.write(&bytes)?;
            self.offset = draft.length()?;
        }
        self.check_size()?;
        Ok(Packed { digest: self.tree.finish(), bytes: self.offset, reviewed, entries: self.packed })
    }
}
