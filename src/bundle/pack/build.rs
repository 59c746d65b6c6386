//! Bundles made from plans, and manifests of what would be in one.

use std::path::PathBuf;

use crate::bundle::digest::TreeDigest;
use crate::bundle::entry::EntryPath;
use crate::bundle::error::Error;
use crate::bundle::flags::ContentFlags;
use crate::bundle::manifest::{Manifest, ManifestEntry};
use crate::bundle::select::note::Note;
use crate::bundle::select::origin::Entry;
use crate::bundle::select::plan::Plan;
use crate::file;

use super::cache::{Cache, Cached};
use super::index::{self, Index};
use super::kept_bundles::{self, Removed};
use super::look::look;
use super::options::{PackOptions, Trust};
use super::output::{Draft, Output};
use super::packed_entry::PackedEntry;
use super::review::{Review, Reviewed};
use super::writer::{Packed, Sink, pack};
use crate::bundle::select::content::Contents;

/// A bundle that was made.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub path: PathBuf,
    pub digest: TreeDigest,
    /// Length of the zip file.
    pub bytes: u64,
    pub entries: usize,
    /// Notes for the author.
    pub notes: Vec<Note>,
    /// Entries that were taken from the previous bundle.
    pub reused: usize,
    /// Was the bundle there already, and was nothing written?
    pub unchanged: bool,
    /// Bundles of earlier runs that made room.
    pub removed: Removed,
    /// Files that ship although git ignores them, because it tracks them, and that the previous bundle had not.
    pub newly_tracked: Vec<EntryPath>,
    packed: Vec<PackedEntry>,
}

impl Bundle {
    /// One that others have made.
    pub fn ready(path: PathBuf, digest: TreeDigest, bytes: u64, entries: usize) -> Self {
        Self {
            path,
            digest,
            bytes,
            entries,
            notes: Vec::new(),
            reused: 0,
            unchanged: true,
            removed: Removed::default(),
            newly_tracked: Vec::new(),
            packed: Vec::new(),
        }
    }
}

impl Plan {
    /// Manifest of what ships and notes for the author, by reading all of it and writing nothing.
    pub fn manifest(&self, options: &PackOptions<'_>) -> Result<(Manifest, Vec<Note>), Error> {
        self.check()?;
        let cached = Cached::nothing(self);
        self.refuse_too_large(&cached.packed, options.max_bytes)?;
        let packed = pack(self, &cached.packed, None, Sink::Nowhere, options)?;
        let notes = packed.reviewed.passed()?;
        Ok((Manifest::new(packed.digest, listed(&self.entries, &packed.entries)), notes))
    }

    /// Manifest of the bundle that this plan has just become.
    pub fn manifest_of(&self, bundle: &Bundle) -> Manifest {
        Manifest::new(bundle.digest, listed(&self.entries, &bundle.packed))
    }

    /// Make the bundle.
    pub fn write(&self, output: &Output, options: &PackOptions<'_>) -> Result<Bundle, Error> {
        self.check()?;
        let trust = options.cache.map(|(_, trust)| trust);
        let index = options.cache.map(|(dir, _)| Index::read(dir));
        let cache = options.cache.zip(index.as_ref()).and_then(|((dir, _), index)| Cache::load(dir, index));
        let mut cached = cache.as_ref().map_or_else(|| Cached::nothing(self), |cache| cache.cached(self));
        if let Some((dir, Trust::Believe)) = options.cache {
            cached.recheck(self, dir)?;
        }
        if let (Some(cache), Some(Trust::Believe)) = (&cache, trust)
            && cached.is_everything()
        {
            return self.reuse(cache, cached, output, options);
        }
        self.refuse_too_large(&cached.packed, options.max_bytes)?;
        let mut draft = Draft::create(output, options.interrupt)?;
        let started = match cached.started {
            Some(earlier) => earlier,
            None => draft.started()?,
        };
        let (believed, old) = match trust {
            Some(Trust::Prove) => (Cached::nothing(self), None),
            _ => (cached.clone(), cache.as_ref().map(|cache| &cache.zip)),
        };
        let packed = pack(self, &believed.packed, old, Sink::Draft(&mut draft), options)?;
        let notes = packed.reviewed.passed()?;
        if let (Some(cache), Some(Trust::Prove)) = (&cache, trust) {
            cache.prove(self, &cached, &packed.entries, draft.file())?;
        }
        let path = output.path(&packed.digest);
        draft.publish(&path)?;
        let is_other = cache.as_ref().is_none_or(|cache| cache.digest != packed.digest);
        let newly_tracked = index.as_ref().filter(|_| is_other).map_or(Vec::new(), |index| self.newly_tracked(index));
        let mut removed = Removed::default();
        if matches!(output, Output::Labelled { .. }) && options.cache.is_some() {
            let published;
            (removed, published) = kept_bundles::tidy(&path);
            // Without an index the next run takes longer; the bundle is there all the same.
            let _ = index::save(&path, &packed.digest, self, &packed.entries, started, &published);
        }
        let Packed { digest, bytes, entries: packed, .. } = packed;
        let (entries, reused) = (self.entries.len(), believed.count());
        Ok(Bundle { path, digest, bytes, entries, notes, reused, unchanged: false, removed, newly_tracked, packed })
    }

    /// The previous bundle is the one that is asked for.
    fn reuse(
        &self,
        cache: &Cache,
        cached: Cached,
        output: &Output,
        options: &PackOptions<'_>,
    ) -> Result<Bundle, Error> {
        let packed: Vec<PackedEntry> = cached.packed.into_iter().flatten().collect();
        let notes = self.reviewed(packed.iter().map(|packed| packed.flags))?.passed()?;
        if cache.bytes > options.max_bytes {
            return Err(self.too_large(cache.bytes, options.max_bytes));
        }
        let (digest, path) = (cache.digest, output.path(&cache.digest));
        let unchanged = path == cache.path;
        if !unchanged {
            let mut draft = Draft::create(output, options.interrupt)?;
            draft.copy(&cache.zip, 0, cache.bytes)?;
            draft.publish(&path)?;
        } else if let Some(started) = cached.started {
            // What was read again need not be the next time.
            let published = Index::read(file::folder_of(&path)).published;
            let _ = index::save(&path, &digest, self, &packed, started, &published);
        }
        options.progress.advance(self.size());
        let (bytes, entries) = (cache.bytes, self.entries.len());
        let (removed, newly_tracked) = (Removed::default(), Vec::new());
        Ok(Bundle { path, digest, bytes, entries, notes, reused: entries, unchanged, removed, newly_tracked, packed })
    }

    /// Files that are pointers of git LFS. Only small ones are read.
    pub fn lfs_pointers(&self) -> Result<Vec<EntryPath>, Error> {
        const LONGEST: u64 = 1024;
        let mut contents = Contents::new(self);
        let mut pointers = Vec::new();
        for entry in self.entries.iter().filter(|entry| (64..LONGEST).contains(&entry.size())) {
            contents.announce([entry])?;
            if ContentFlags::of(contents.read(entry)?, false).lfs_pointer {
                pointers.push(entry.path.clone());
            }
        }
        Ok(pointers)
    }

    /// What packing would say of the names and contents that ship, all of it, and no bundle. What the last bundle had is not
    /// read again.
    pub fn review(&self, options: &PackOptions<'_>) -> Result<Reviewed, Error> {
        let index = options.cache.map(|(dir, _)| Index::read(dir));
        let cache = options.cache.zip(index.as_ref()).and_then(|((dir, _), index)| Cache::load(dir, index));
        let cached = cache.as_ref().map_or_else(|| Cached::nothing(self), |cache| cache.cached(self));
        Ok(self.reviewed(look(self, &cached.packed)?)?.after(&self.problems))
    }

    /// The review of contents that nobody has to read again.
    fn reviewed(&self, flags: impl IntoIterator<Item = ContentFlags>) -> Result<Reviewed, Error> {
        let mut review = Review::new(self);
        self.entries.iter().zip(flags).for_each(|(entry, flags)| review.look_at(entry, flags));
        review.finish()
    }

    /// Files that git tracks and ignores, and that the last bundle had not.
    fn newly_tracked(&self, index: &Index) -> Vec<EntryPath> {
        let tracked: Vec<&str> =
            self.kept.iter().filter(|kept| kept.reason.is_tracked()).map(|kept| &*kept.path).collect();
        if tracked.is_empty() {
            return Vec::new();
        }
        let Some(before) = index.paths() else { return Vec::new() };
        let entry = |path: &&str| self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok();
        let new = tracked.into_iter().filter(|path| !before.contains(path.as_bytes()));
        new.filter_map(|path| Some(self.entries[entry(&path)?].path.clone())).collect()
    }
}

fn listed<'a>(entries: &'a [Entry], packed: &'a [PackedEntry]) -> impl Iterator<Item = ManifestEntry> + 'a {
    entries.iter().zip(packed).map(|(entry, packed)| ManifestEntry {
        path: entry.path.clone(),
        mode: packed.header.mode,
        size: packed.header.size,
        sha256: packed.content,
    })
}
