//! Places of outputs in a project: none that would ship in the next bundle, and none of a file that is somebody's work.

use std::path::{Path, PathBuf};

use crate::bundle::error::{Error, unreadable};
use crate::file::{self, Named, Target, folder_of};
use crate::git::index::Index;
use crate::git::repository::Repository;
use crate::world::real_path;

use super::disk::Disk;
use super::plan::{Plan, folders, rules, staged};
use super::scope::Source;
use super::walk::would_ship;

impl Plan {
    /// Refuse an output of a build: one that ships in the next bundle would make every digest differ from the last.
    pub fn refuse_shipping(&self, output: &Path) -> Result<(), Error> {
        let Target::File(path, _) = Target::of(output, Named::ByTheUser)? else { return Ok(()) };
        let Some(path) = future_path(&path) else { return Ok(()) };
        if self.would_ship(&path)? { Err(Error::OutputShips { path: output.to_owned() }) } else { Ok(()) }
    }

    /// Would a file at `path` ship, which may not be there yet?
    fn would_ship(&self, path: &Path) -> Result<bool, Error> {
        for (at, dir) in folders(&self.scope) {
            let inside = real_path(&dir).ok().and_then(|root| path.strip_prefix(root).ok().map(text));
            let Some(inside) = inside.filter(|inside| !inside.is_empty()) else { continue };
            let ships = match self.source() {
                Source::Worktree => {
                    let repository = Repository::discover(&dir);
                    let rules = rules(&self.scope, &at, &dir, repository.as_ref())?;
                    let staged = staged(&dir, repository.as_ref())?;
                    let disk = Disk::open(&dir).map_err(|source| unreadable(dir.clone(), source))?;
                    would_ship(&disk, &at, &rules, staged.as_ref(), &inside)?
                }
                // Of these, nothing ships that is only written to the disk.
                Source::Index | Source::Revision(_) => self.has(&format!("{at}{inside}")),
            };
            if ships {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Refuse an output that would replace a file that ships, or that git tracks; but not an earlier output, which its
    /// content shows.
    pub fn refuse_replacing(&self, output: &Path, is_output: impl FnOnce(&[u8]) -> bool) -> Result<(), Error> {
        let target = Target::of(output, Named::ByTheUser)?;
        let Some(Ok(path)) = target.existing().map(real_path) else { return Ok(()) };
        if !(self.has_at(&path) || is_tracked(&path)) || file::read(&path).is_ok_and(|content| is_output(&content)) {
            return Ok(());
        }
        Err(Error::OutputIsSource { path: output.to_owned() })
    }

    fn has_at(&self, path: &Path) -> bool {
        let Ok(root) = real_path(&self.root) else { return false };
        path.strip_prefix(root).is_ok_and(|inside| self.has(&text(inside)))
    }
}

/// A path in a bundle.
fn text(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The path without links that a file will have, whose folders may not be there yet.
fn future_path(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).find_map(|above| {
        let folder = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        Some(real_path(folder).ok()?.join(path.strip_prefix(above).ok()?))
    })
}

fn is_tracked(path: &Path) -> bool {
    let Some(repository) = Repository::discover(folder_of(path)) else { return false };
    let inside = repository.below_top(path);
    matches!(Index::read(&repository), Ok(Some(index)) if index.has(inside.as_bytes()))
}
