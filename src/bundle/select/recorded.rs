//! Executable files and links, as git's index has them where the disk cannot tell.
//!
//! Windows knows neither, nor do some mounted disks. git notes that in the repository (`core.fileMode`, `core.symlinks`)
//! and then believes its index, and so does the packager: a bundle made there is the one that is made elsewhere.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use crate::bundle::entry::{EntryPath, inside as stays_inside};
use crate::bundle::error::{Error, Problem, ProblemKind, unreadable};
use crate::git::ItemMode;
use crate::git::config::Config;
use crate::git::repository::Repository;
use crate::mode;

use super::disk::{Disk, Stamp};
use super::origin::Origin;
use super::staged::Staged;

/// Linux has no longer ones.
const LONGEST_TARGET: u64 = 4096;

/// Abilities of the disk that a work tree is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Abilities {
    modes: bool,
    links: bool,
}

/// Modes that the index has for one folder, by paths relative to it.
#[derive(Debug)]
pub(crate) struct Recorded {
    abilities: Abilities,
    executable: HashSet<String>,
    links: HashSet<String>,
}

/// The index's answer about one file.
pub(crate) enum Recording {
    Ships(Origin),
    Refused(Problem),
}

impl Recorded {
    /// None where the disk tells all of it, or there is no index.
    pub(crate) fn of(repository: &Repository, staged: Option<&Staged>) -> Option<Self> {
        let abilities = Abilities::of(repository);
        if abilities.modes && abilities.links {
            return None;
        }
        let mut recorded = Self { abilities, executable: HashSet::new(), links: HashSet::new() };
        recorded.add(staged?, "");
        Some(recorded)
    }

    fn add(&mut self, staged: &Staged, at: &str) {
        for (path, entry) in staged.files() {
            match entry.mode {
                ItemMode::Executable => drop(self.executable.insert(format!("{at}{path}"))),
                ItemMode::Link => drop(self.links.insert(format!("{at}{path}"))),
                ItemMode::File | ItemMode::Submodule => {}
            }
        }
        for submodule in &staged.submodules {
            if let Some(inner) = &submodule.staged {
                self.add(inner, &format!("{at}{}", submodule.at));
            }
        }
    }

    /// Origin of the entry at `path`, whose file is at `inside` on `disk`; or why it has none.
    pub(crate) fn origin(
        &self,
        disk: &Disk,
        root: u16,
        path: &EntryPath,
        inside: &str,
        stamp: Stamp,
    ) -> Result<Recording, Error> {
        if self.abilities.links || !self.links.contains(inside) {
            let executable = if self.abilities.modes { stamp.executable } else { self.executable.contains(inside) };
            return Ok(Recording::Ships(Origin::Disk { root, stamp, executable }));
        }
        // The file stands for a link, and holds its target.
        let failed = |source| unreadable(disk.path(inside), source);
        let mut target = Vec::new();
        disk.file(inside).map_err(failed)?.take(LONGEST_TARGET).read_to_end(&mut target).map_err(failed)?;
        let target = String::from_utf8_lossy(&target).into_owned();
        Ok(match stays_inside(path, Path::new(&target)) {
            Some(target) => Recording::Ships(Origin::Link(target)),
            None => Recording::Refused(Problem { path: path.to_string(), kind: ProblemKind::LinkOutside { target } }),
        })
    }
}

impl Abilities {
    const OF_THIS_SYSTEM: Self = Self { modes: mode::KNOWN, links: true };

    fn of(repository: &Repository) -> Self {
        Self::OF_THIS_SYSTEM.said(&repository.config())
    }

    /// Those of a repository with this `config`. git writes both keys there when it makes a repository.
    fn said(mut self, config: &Config) -> Self {
        if let Some(modes) = config.flag("core", "filemode") {
            self.modes = modes && Self::OF_THIS_SYSTEM.modes;
        }
        self.links = config.flag("core", "symlinks").unwrap_or(self.links);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_says_what_its_disk_can_tell() {
        #[track_caller]
        fn case(config: &str, modes: bool, links: bool) {
            let able = Abilities { modes: true, links: true };
            assert_eq!(able.said(&Config::parse(config)), Abilities { modes: modes && mode::KNOWN, links }, "{config}");
        }
        case("", true, true);
        case("[core]\n\tfilemode = true\n\tsymlinks = true\n", true, true);
        case("[core]\n\trepositoryformatversion = 0\n\tfileMode = false\n", false, true);
        case("[Core] filemode=no ; as on Windows\n[user]\n\tsymlinks = false\n", false, true);
        case("[core]\n\tsymlinks = \"off\"\n[core \"x\"]\nfilemode = false\n", true, false);
        case("[core]\n\tfilemode = false\n\tfilemode = true\n", true, true);
        assert!(!Abilities { modes: false, links: true }.said(&Config::parse("[user]\n\tname = a\n")).modes);
    }
}
