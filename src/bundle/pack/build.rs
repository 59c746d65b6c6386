//! The plan becomes a bundle, or a manifest of what would be in one.

use std::path::{Path, PathBuf};

use crate::bundle::digest::TreeDigest;
use crate::bundle::error::Error;
use crate::bundle::manifest::{Manifest, ManifestEntry};
use crate::bundle::select::note::Note;
use crate::bundle::select::origin::Entry;
use crate::bundle::select::plan::Plan;
use crate::world::real_path;

use super::cache::{self, Cache, Known};
use super::compress::Sealed;
use super::options::{Errand, Trust};
use super::output::{Draft, Output};
use super::writer::{Packed, Review, Sink, pack};

/// A bundle that was made.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub path: PathBuf,
    pub digest: TreeDigest,
    /// Length of the zip file.
    pub bytes: u64,
    pub entries: usize,
    /// What the author should know about it.
    pub notes: Vec<Note>,
    /// Entries that were taken from the previous bundle.
    pub reused: usize,
    /// Was the bundle there already, and was nothing written?
    pub unchanged: bool,
    sealed: Vec<Sealed>,
}

impl Plan {
    /// What ships, by reading all of it and writing nothing.
    pub fn manifest(&self, errand: &Errand<'_>) -> Result<Manifest, Error> {
        self.sound()?;
        let known = Known::nothing(self);
        self.refuse_too_large(&known.sealed, errand.max_bytes)?;
        let packed = pack(self, &known.sealed, None, Sink::Nowhere, errand)?;
        Ok(Manifest::new(packed.digest, listed(&self.entries, &packed.sealed)))
    }

    /// What is in the bundle that this plan has just become.
    pub fn manifest_of(&self, bundle: &Bundle) -> Manifest {
        Manifest::new(bundle.digest, listed(&self.entries, &bundle.sealed))
    }

    /// Make the bundle.
    pub fn write(&self, output: &Output, errand: &Errand<'_>) -> Result<Bundle, Error> {
        self.sound()?;
        if let Output::File(path) = output {
            self.refuse_inside(path)?;
        }
        let trust = errand.cache.map(|(_, trust)| trust);
        let cache = errand.cache.and_then(|(dir, _)| Cache::load(dir));
        let mut known = cache.as_ref().map_or_else(|| Known::nothing(self), |cache| cache.known(self));
        if let Some((dir, Trust::Believe)) = errand.cache {
            known.settle(self, dir)?;
        }
        if let (Some(cache), Some(Trust::Believe)) = (&cache, trust)
            && known.is_everything()
        {
            return self.reuse(cache, known, output, errand);
        }
        self.refuse_too_large(&known.sealed, errand.max_bytes)?;
        let mut draft = Draft::create(output, errand.interrupt)?;
        let started = match known.started {
            Some(earlier) => earlier,
            None => draft.started()?,
        };
        let (believed, old) = match trust {
            Some(Trust::Prove) => (Known::nothing(self), None),
            _ => (known.clone(), cache.as_ref().map(|cache| &cache.zip)),
        };
        let packed = pack(self, &believed.sealed, old, Sink::Draft(&mut draft), errand)?;
        if let (Some(cache), Some(Trust::Prove)) = (&cache, trust) {
            cache.prove(self, &known, &packed.sealed, &draft.file)?;
        }
        let path = output.path(&packed.digest);
        draft.publish(&path)?;
        if matches!(output, Output::Labelled { .. }) && errand.cache.is_some() {
            // A cache that cannot be written is none; the bundle is there all the same.
            let _ = cache::save(&path, &packed.digest, self, &packed.sealed, started);
        }
        let Packed { digest, bytes, mut notes, sealed } = packed;
        notes.extend(self.notes());
        let (entries, reused) = (self.entries.len(), believed.count());
        Ok(Bundle { path, digest, bytes, entries, notes, reused, unchanged: false, sealed })
    }

    /// The previous bundle is the one that is asked for.
    fn reuse(&self, cache: &Cache, known: Known, output: &Output, errand: &Errand<'_>) -> Result<Bundle, Error> {
        let sealed: Vec<Sealed> = known.sealed.into_iter().flatten().collect();
        let mut review = Review::new(self);
        for (entry, sealed) in self.entries.iter().zip(&sealed) {
            review.look_at(entry, sealed.traits);
        }
        let mut notes = review.finish()?;
        if cache.bytes > errand.max_bytes {
            return Err(self.too_large(cache.bytes, errand.max_bytes));
        }
        let (digest, path) = (cache.digest, output.path(&cache.digest));
        let unchanged = path == cache.path;
        if !unchanged {
            let mut draft = Draft::create(output, errand.interrupt)?;
            draft.copy(&cache.zip, 0, cache.bytes)?;
            draft.publish(&path)?;
        } else if let Some(started) = known.started {
            // What was read again need not be the next time.
            let _ = cache::save(&path, &digest, self, &sealed, started);
        }
        notes.extend(self.notes());
        errand.progress.advance(self.size());
        let entries = self.entries.len();
        Ok(Bundle { path, digest, bytes: cache.bytes, entries, notes, reused: entries, unchanged, sealed })
    }

    /// A bundle that ships in the next bundle would make every digest differ from the last.
    fn refuse_inside(&self, output: &Path) -> Result<(), Error> {
        let dir = output.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (Ok(root), Ok(dir)) = (real_path(&self.root), real_path(dir)) else { return Ok(()) };
        let Ok(inside) = dir.strip_prefix(&root) else { return Ok(()) };
        let Some(name) = output.file_name() else { return Ok(()) };
        let path = inside.join(name);
        let is_out = path.ancestors().any(|part| {
            let part = part.to_string_lossy().replace('\\', "/");
            self.left_out.iter().any(|out| out.path.trim_end_matches('/') == part)
        });
        if is_out { Ok(()) } else { Err(Error::OutputShips { path: output.to_owned() }) }
    }
}

fn listed<'a>(entries: &'a [Entry], sealed: &'a [Sealed]) -> impl Iterator<Item = ManifestEntry> + 'a {
    entries.iter().zip(sealed).map(|(entry, sealed)| ManifestEntry {
        path: entry.path.clone(),
        mode: sealed.header.mode,
        size: sealed.header.size,
        sha256: sealed.content,
    })
}
