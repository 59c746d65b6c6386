//! Files that git tracks below a folder, submodules that are checked out included.

use std::path::Path;

use crate::bundle::error::Error;
use crate::git::ItemMode;
use crate::git::index::{Entry, Index};
use crate::git::repository::Repository;

/// The part of an index that is below one folder.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) repository: Repository,
    pub(crate) index: Index,
    /// From the top of the work tree to the folder: empty, or ending with a slash.
    pub(crate) prefix: String,
    pub(crate) submodules: Vec<Submodule>,
}

/// A submodule, at a path from the folder that ends with a slash.
#[derive(Debug)]
pub(crate) struct Submodule {
    pub(crate) at: String,
    /// The commit that the index has of it.
    pub(crate) commit: String,
    /// None if it is not checked out.
    pub(crate) staged: Option<Staged>,
}

/// Submodules of submodules, but not for ever.
const DEEPEST: usize = 20;

impl Staged {
    /// What is tracked of `dir`; none before anything is.
    pub(crate) fn of(dir: &Path, repository: &Repository) -> Result<Option<Self>, Error> {
        Self::read(dir, repository, 0)
    }

    fn read(dir: &Path, repository: &Repository, depth: usize) -> Result<Option<Self>, Error> {
        let Some(index) = Index::read(repository)? else { return Ok(None) };
        let folder = repository.below_top(dir);
        let prefix = if folder.is_empty() { folder } else { folder + "/" };
        let mut submodules = Vec::new();
        for entry in index.below(prefix.as_bytes()).filter(|entry| entry.mode == ItemMode::Submodule) {
            let at = String::from_utf8_lossy(&entry.path[prefix.len()..]).into_owned() + "/";
            let inner = dir.join(&at);
            let repository = Repository::at(&inner).filter(|_| depth < DEEPEST);
            let staged = match repository {
                Some(repository) => Self::read(&inner, &repository, depth + 1)?,
                None => None,
            };
            submodules.push(Submodule { at, commit: crate::hex::encode(entry.id), staged });
        }
        Ok(Some(Self { repository: repository.clone(), index, prefix, submodules }))
    }

    /// Files and links, each with its path from the folder. A name that is not UTF-8 cannot ship.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, Entry<'_>)> {
        let files = self.index.below(self.prefix.as_bytes()).filter(|entry| entry.mode != ItemMode::Submodule);
        files.filter_map(|entry| Some((std::str::from_utf8(&entry.path[self.prefix.len()..]).ok()?, entry)))
    }

    /// Is the file at `path` tracked?
    pub(crate) fn has(&self, path: &[u8]) -> bool {
        let whole = [self.prefix.as_bytes(), path].concat();
        self.index.has(&whole)
            || self.submodules.iter().any(|submodule| {
                let inside = path.strip_prefix(submodule.at.as_bytes()).zip(submodule.staged.as_ref());
                inside.is_some_and(|(path, staged)| staged.has(path))
            })
    }

    /// Is something below `folder` tracked, which ends with a slash?
    pub(crate) fn has_below(&self, folder: &[u8]) -> bool {
        let whole = [self.prefix.as_bytes(), folder].concat();
        self.index.below(&whole).next().is_some()
            || self.submodules.iter().any(|submodule| {
                submodule.at.as_bytes().starts_with(folder)
                    || folder
                        .strip_prefix(submodule.at.as_bytes())
                        .zip(submodule.staged.as_ref())
                        .is_some_and(|(folder, staged)| staged.has_below(folder))
            })
    }
}
