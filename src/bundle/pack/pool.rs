//! Thread pool: deals small files out in batches to as many threads as there are cores, and gives them back in order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::bundle::error::Error;
use crate::bundle::select::origin::Entry;
use crate::bundle::select::plan::Plan;
use crate::bundle::threads::threads;

use super::packed_entry::{BatchOutput, LARGE, PackedEntry, Worker};

/// A batch ends after so many entries or bytes. In a small project it ends earlier, so that no core is without work.
const BATCH_ENTRIES: usize = 32;
const BATCHES_EACH: usize = 2;
const BATCH_BYTES: u64 = 256 << 10;
/// Bytes that may wait to be written, for each thread; and how many an entry counts for besides its content.
const AHEAD: u64 = 8 << 20;
const ENTRY: u64 = 256;
/// Memory of an output larger than this is given back.
const SPARE: usize = 512 << 10;
/// With fewer bytes than this to pack, another thread costs more than it brings.
const WORTH: u64 = 128 << 10;

/// The entries from here to there.
pub(crate) enum Batch {
    /// In the previous bundle already.
    Cached(Range<usize>),
    /// And what it takes of what may be ahead.
    Small(Range<usize>, u64),
    Large(usize),
}

fn batches(entries: &[Entry], cached: &[Option<PackedEntry>], threads: usize) -> Vec<Batch> {
    let mut batches = Vec::new();
    let most = (entries.len() / (threads * BATCHES_EACH)).clamp(1, BATCH_ENTRIES);
    let mut at = 0;
    while at < entries.len() {
        let start = at;
        let same = |index: usize| cached[index].is_some();
        if same(start) {
            while at < entries.len() && same(at) {
                at += 1;
            }
            batches.push(Batch::Cached(start..at));
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

/// Number of threads that the small files keep busy which are not cached.
fn helpful(entries: &[Entry], cached: &[Option<PackedEntry>]) -> usize {
    let unknown = entries.iter().zip(cached).filter(|(entry, cached)| cached.is_none() && entry.size() <= LARGE);
    match unknown.map(|(entry, _)| entry.size()).sum::<u64>() / WORTH {
        0 | 1 => 1,
        many => threads().min(usize::try_from(many).unwrap_or(usize::MAX)),
    }
}

/// Queue that batches are taken from, and outputs are put into.
#[derive(Default)]
struct Queue {
    /// The next batch to be taken.
    next: usize,
    /// Batches that have been written.
    written: usize,
    /// Bytes of the batches that were taken, and are not written.
    ahead: u64,
    ready: BTreeMap<usize, Result<BatchOutput, Error>>,
    /// Memory to be used again.
    spare: Vec<BatchOutput>,
    closed: bool,
}

/// The work on one plan.
pub(crate) struct Pool<'a> {
    plan: &'a Plan,
    pub(crate) batches: Vec<Batch>,
    deflate: bool,
    threads: usize,
    queue: Mutex<Queue>,
    wakeup: Condvar,
}

impl<'a> Pool<'a> {
    /// For all of `plan`, of which something is `cached`. Without `deflate`, contents are only hashed.
    pub(crate) fn new(plan: &'a Plan, cached: &[Option<PackedEntry>], deflate: bool) -> Self {
        let threads = helpful(&plan.entries, cached);
        let batches = batches(&plan.entries, cached, threads);
        Self { plan, batches, deflate, threads, queue: Mutex::default(), wakeup: Condvar::new() }
    }

    /// Have others work while `lead` takes what they make, batch by batch.
    pub(crate) fn run<T>(&self, lead: impl FnOnce() -> T) -> T {
        std::thread::scope(|scope| {
            for _ in 1..self.threads {
                scope.spawn(|| self.work());
            }
            let result = lead();
            self.queue().closed = true;
            self.wakeup.notify_all();
            result
        })
    }

    fn work(&self) {
        let mut worker = Worker::new(self.plan);
        let mut queue = self.queue();
        while !queue.closed && queue.next < self.batches.len() {
            queue = self.go_on(queue, &mut worker);
        }
    }

    /// The output of a batch of small files. Whoever waits for it works meanwhile.
    pub(crate) fn wait_for(&self, number: usize, worker: &mut Worker<'_>) -> Result<BatchOutput, Error> {
        let mut queue = self.queue();
        loop {
            if let Some(output) = queue.ready.remove(&number) {
                return output;
            }
            queue = self.go_on(queue, worker);
        }
    }

    /// Make the output of a batch that waits, or wait for a wakeup.
    fn go_on<'d>(&'d self, mut queue: MutexGuard<'d, Queue>, worker: &mut Worker<'_>) -> MutexGuard<'d, Queue> {
        match self.take(&mut queue) {
            Some((number, output)) => {
                drop(queue);
                self.make(worker, number, output)
            }
            None => self.wakeup.wait(queue).unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch of small files that nobody has taken, unless it is too far ahead, and memory for its output.
    fn take(&self, queue: &mut Queue) -> Option<(usize, BatchOutput)> {
        while !queue.closed && queue.next < self.batches.len() {
            let number = queue.next;
            if let Batch::Small(_, bytes) = &self.batches[number] {
                // The one that is written next is never too far ahead.
                if number > queue.written && queue.ahead + bytes > AHEAD * self.threads as u64 {
                    return None;
                }
                queue.next += 1;
                queue.ahead += bytes;
                return Some((number, queue.spare.pop().unwrap_or_default()));
            }
            queue.next += 1;
        }
        None
    }

    fn make(&self, worker: &mut Worker<'_>, number: usize, mut output: BatchOutput) -> MutexGuard<'_, Queue> {
        let Batch::Small(range, _) = &self.batches[number] else { unreachable!("only small files are taken") };
        output.bytes.clear();
        output.packed.clear();
        let entries = &self.plan.entries[range.clone()];
        let announced = worker.contents.announce(entries);
        let mut compress = |entry| worker.compress(entry, self.deflate, &mut output);
        let result = announced.and_then(|()| entries.iter().try_for_each(&mut compress));
        let mut queue = self.queue();
        queue.ready.insert(number, result.map(|()| output));
        self.wakeup.notify_all();
        queue
    }

    /// The next batch has been written, from `output` if there was one.
    pub(crate) fn written(&self, output: Option<BatchOutput>) {
        let mut queue = self.queue();
        if let Batch::Small(_, bytes) = &self.batches[queue.written] {
            queue.ahead -= bytes;
        }
        queue.written += 1;
        queue.spare.extend(output.filter(|output| output.bytes.capacity() <= SPARE));
        drop(queue);
        self.wakeup.notify_all();
    }
}
