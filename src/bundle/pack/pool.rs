//! Small files are dealt out in batches to as many threads as there are cores, and come back in order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::bundle::error::Error;
use crate::bundle::select::origin::Entry;
use crate::bundle::select::plan::Plan;
use crate::bundle::threads::threads;

use super::compress::{LARGE, Piece, Sealed, Worker};

/// A batch ends after so many entries or bytes. In a small project it ends earlier, so that no core is without work.
const BATCH_ENTRIES: usize = 32;
const BATCHES_EACH: usize = 2;
const BATCH_BYTES: u64 = 256 << 10;
/// What waits to be written, for each thread: bytes of content, and what an entry has besides.
const AHEAD: u64 = 8 << 20;
const ENTRY: u64 = 256;
/// Memory of a piece larger than this is given back.
const SPARE: usize = 512 << 10;
/// With fewer bytes than this to pack, another thread costs more than it brings.
const WORTH: u64 = 128 << 10;

/// The entries from here to there.
pub(crate) enum Batch {
    /// In the previous bundle already.
    Known(Range<usize>),
    /// And what it takes of what may be ahead.
    Small(Range<usize>, u64),
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
            batches.push(Batch::Small(start..at, bytes + (at - start) as u64 * ENTRY));
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

/// Where batches are taken from, and pieces are put.
#[derive(Default)]
struct Desk {
    /// The next batch to be taken.
    next: usize,
    /// Batches that have been written.
    written: usize,
    /// What the batches take that were taken, and are not written.
    ahead: u64,
    ready: BTreeMap<usize, Result<Piece, Error>>,
    /// Memory to be used again.
    spare: Vec<Piece>,
    closed: bool,
}

/// The work on one plan.
pub(crate) struct Office<'a> {
    plan: &'a Plan,
    pub(crate) batches: Vec<Batch>,
    deflate: bool,
    threads: usize,
    desk: Mutex<Desk>,
    news: Condvar,
}

impl<'a> Office<'a> {
    /// For all of `plan`, of which something is `known`. Without `deflate`, contents are only hashed.
    pub(crate) fn new(plan: &'a Plan, known: &[Option<Sealed>], deflate: bool) -> Self {
        let threads = helpful(&plan.entries, known);
        let batches = batches(&plan.entries, known, threads);
        Self { plan, batches, deflate, threads, desk: Mutex::default(), news: Condvar::new() }
    }

    /// Have others work while `lead` takes what they make, batch by batch.
    pub(crate) fn run<T>(&self, lead: impl FnOnce() -> T) -> T {
        std::thread::scope(|scope| {
            for _ in 1..self.threads {
                scope.spawn(|| self.work());
            }
            let result = lead();
            self.desk().closed = true;
            self.news.notify_all();
            result
        })
    }

    fn work(&self) {
        let mut worker = Worker::new(self.plan);
        let mut desk = self.desk();
        while !desk.closed && desk.next < self.batches.len() {
            desk = self.go_on(desk, &mut worker);
        }
    }

    /// The piece of a batch of small files. Whoever waits for it works meanwhile.
    pub(crate) fn wait_for(&self, number: usize, worker: &mut Worker<'_>) -> Result<Piece, Error> {
        let mut desk = self.desk();
        loop {
            if let Some(piece) = desk.ready.remove(&number) {
                return piece;
            }
            desk = self.go_on(desk, worker);
        }
    }

    /// Make the piece of a batch that waits, or wait for news.
    fn go_on<'d>(&'d self, mut desk: MutexGuard<'d, Desk>, worker: &mut Worker<'_>) -> MutexGuard<'d, Desk> {
        match self.take(&mut desk) {
            Some((number, piece)) => {
                drop(desk);
                self.make(worker, number, piece)
            }
            None => self.news.wait(desk).unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch of small files that nobody has taken, unless it is too far ahead, and memory for its piece.
    fn take(&self, desk: &mut Desk) -> Option<(usize, Piece)> {
        while !desk.closed && desk.next < self.batches.len() {
            let number = desk.next;
            if let Batch::Small(_, bytes) = &self.batches[number] {
                // The one that is written next is never too far ahead.
                if number > desk.written && desk.ahead + bytes > AHEAD * self.threads as u64 {
                    return None;
                }
                desk.next += 1;
                desk.ahead += bytes;
                return Some((number, desk.spare.pop().unwrap_or_default()));
            }
            desk.next += 1;
        }
        None
    }

    fn make(&self, worker: &mut Worker<'_>, number: usize, mut piece: Piece) -> MutexGuard<'_, Desk> {
        let Batch::Small(range, _) = &self.batches[number] else { unreachable!("only small files are taken") };
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

    /// The next batch has been written, from `piece` if there was one.
    pub(crate) fn written(&self, piece: Option<Piece>) {
        let mut desk = self.desk();
        if let Batch::Small(_, bytes) = &self.batches[desk.written] {
            desk.ahead -= bytes;
        }
        desk.written += 1;
        desk.spare.extend(piece.filter(|piece| piece.bytes.capacity() <= SPARE));
        drop(desk);
        self.news.notify_all();
    }
}
