//! Places of outputs in a project: none that would ship in the next bundle, and none of a file that is somebody's work.

use std::path::Path;

use crate::bundle::error::Error;
use crate::file::{self, Named, Target, folder_of};
use crate::git::index::Index;
use crate::git::repository::Repository;
use crate::world::real_path;

use super::plan::Plan;

impl Plan {
    /// Refuse an output of a build: one that ships in the next bundle would make every digest differ from the last.
    pub fn refuse_shipping(&self, output: &Path) -> Result<(), Error> {
        let Target::File(path, _) = Target::of(output, Named::ByTheUser)? else { return Ok(()) };
        let (Ok(root), Ok(dir)) = (real_path(&self.root), real_path(folder_of(&path))) else { return Ok(()) };
        let (Ok(inside), Some(name)) = (dir.strip_prefix(&root), path.file_name()) else { return Ok(()) };
        let path = inside.join(name);
        let is_out = path.ancestors().any(|part| {
            let part = part.to_string_lossy().replace('\\', "/");
            self.left_out.iter().any(|out| out.path.trim_end_matches('/') == part)
        });
        if is_out { Ok(()) } else { Err(Error::OutputShips { path: output.to_owned() }) }
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
        path.strip_prefix(root).is_ok_and(|inside| self.has(&inside.to_string_lossy().replace('\\', "/")))
    }
}

fn is_tracked(path: &Path) -> bool {
    let Some(repository) = Repository::discover(folder_of(path)) else { return false };
    let inside = repository.below_top(path);
    matches!(Index::read(&repository), Ok(Some(index)) if index.has(inside.as_bytes()))
}
