//! Looks at contents without packing them: each is read once, and nothing is hashed or compressed.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::bundle::error::Error;
use crate::bundle::flags::{ContentFlags, ContentScanner};
use crate::bundle::select::content::Contents;
use crate::bundle::select::origin::Entry;
use crate::bundle::select::plan::Plan;
use crate::bundle::threads::threads;

use super::deflate::is_random;
use super::packed_entry::{CHUNK, LARGE, PackedEntry, flags_of};

/// So many entries are taken at a time.
const BATCH: usize = 32;

/// Flags of every content of `plan`, in its order. What is `cached` is not read.
pub(crate) fn look(plan: &Plan, cached: &[Option<PackedEntry>]) -> Result<Vec<ContentFlags>, Error> {
    let mut flags: Vec<ContentFlags> =
        cached.iter().map(|packed| packed.map(|packed| packed.flags).unwrap_or_default()).collect();
    let unknown: Vec<usize> = (0..cached.len()).filter(|index| cached[*index].is_none()).collect();
    let batches: Vec<&[usize]> = unknown.chunks(BATCH).collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, ContentFlags)>, Error> {
        let (mut contents, mut found) = (Contents::new(plan), Vec::new());
        while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (large, small): (Vec<usize>, Vec<usize>) =
                batch.iter().partition(|index| plan.entries[**index].size() > LARGE);
            contents.announce(small.iter().map(|index| &plan.entries[*index]))?;
            for index in small {
                let entry = &plan.entries[index];
                found.push((index, flags_of(entry, contents.read(entry)?).0));
            }
            for index in large {
                found.push((index, streamed(&plan.entries[index], &mut contents)?));
            }
        }
        Ok(found)
    };
    let found = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads().min(batches.len())).map(|_| scope.spawn(work)).collect();
        let mut all = vec![work()];
        for other in others {
            all.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    for part in found {
        part?.into_iter().for_each(|(index, found)| flags[index] = found);
    }
    Ok(flags)
}

fn streamed(entry: &Entry, contents: &mut Contents<'_>) -> Result<ContentFlags, Error> {
    let mut scanner = ContentScanner::default();
    contents.stream(entry, &mut vec![0; CHUNK], |chunk| {
        scanner.add(chunk, is_random(chunk));
        Ok(())
    })?;
    Ok(scanner.finish())
}
