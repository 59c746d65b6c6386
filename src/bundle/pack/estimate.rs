//! A bundle that is too large is refused before it is made, where that is certain, and what takes the room is named.

use std::collections::BTreeMap;

use crate::bundle::error::Error;
use crate::bundle::limits::UNPACKED_BYTES;
use crate::bundle::select::origin::Entry;
use crate::bundle::select::plan::Plan;

use super::deflate::is_random;
use super::packed_entry::{CHUNK, LARGE, PackedEntry};
use crate::bundle::select::content::Contents;

/// No content gets smaller than this part of itself: what deflate makes of a long row of one byte.
const BEST_RATIO: u64 = 1032;
/// Headers of an entry, without its name, which is there twice; and the end of the file.
const HEADERS: u64 = 30 + 46;
const END: u64 = 22;

impl Plan {
    /// Refuse what cannot fit, whatever the compressor does.
    ///
    /// Costs nothing unless the contents together are larger than the limit. Then large files are read to see which chunks
    /// of them will be stored as they are, and what the previous bundle has is cached to the byte.
    pub(crate) fn refuse_too_large(&self, cached: &[Option<PackedEntry>], limit: u64) -> Result<(), Error> {
        if self.size() > UNPACKED_BYTES {
            return Err(Error::Unpacks { size: self.size(), limit: UNPACKED_BYTES, largest: self.largest(5) });
        }
        let headers: u64 = self.entries.iter().map(|entry| HEADERS + 2 * entry.path.as_str().len() as u64).sum();
        if headers + END + self.size() <= limit {
            return Ok(());
        }
        let mut contents = Contents::new(self);
        let mut least = headers + END;
        for (entry, cached) in self.entries.iter().zip(cached) {
            least += match cached {
                Some(packed) => packed.header.packed,
                None => least_packed(entry, &mut contents)?,
            };
        }
        if least <= limit { Ok(()) } else { Err(self.too_large(least, limit)) }
    }

    pub(crate) fn too_large(&self, size: u64, limit: u64) -> Error {
        Error::TooLarge { size, limit, largest: self.largest(5) }
    }

    /// The folders with the most content, two levels deep.
    pub fn largest(&self, number: usize) -> Vec<(String, u64)> {
        let mut folders: BTreeMap<&str, u64> = BTreeMap::new();
        for entry in &self.entries {
            let path = entry.path.as_str();
            let end = path.match_indices('/').map(|(at, _)| at + 1).take(2).last().unwrap_or(path.len());
            *folders.entry(&path[..end]).or_default() += entry.size();
        }
        let mut folders: Vec<(String, u64)> = folders.into_iter().map(|(path, size)| (path.to_owned(), size)).collect();
        folders.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        folders.truncate(number);
        folders
    }
}

/// The packer stores those chunks of a large file that look random, and so does this.
fn least_packed(entry: &Entry, contents: &mut Contents<'_>) -> Result<u64, Error> {
    if entry.size() <= LARGE {
        return Ok(entry.size() / BEST_RATIO);
    }
    let mut least = 0;
    contents.stream(entry, &mut vec![0; CHUNK], |chunk| {
        let length = chunk.len() as u64;
        least += if is_random(chunk) { length } else { length / BEST_RATIO };
        Ok(())
    })?;
    Ok(least)
}
