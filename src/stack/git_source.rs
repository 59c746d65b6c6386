//! A stack from git: the files of one commit, read without a checkout.

use std::io::Read;
use std::path::Path;

use crate::git::{self, Git, ItemMode};

use super::source::GitSource;
use super::tree::Allowance;
use super::{Error, Tree};

impl GitSource {
    /// Fetch into the empty folder `scratch`, and read what belongs to it. Gives the commit that it is from, too.
    pub(crate) fn fetch(&self, scratch: &Path, belongs: fn(&str) -> bool) -> Result<(Tree, String), Error> {
        let git = Git::scratch_repository(scratch)?;
        let commit = git.fetch(&self.url, self.revision.as_deref()).map_err(|error| match error {
            git::Error::Revision { name } => Error::RevisionUnknown { name, url: self.url.clone() },
            git::Error::Failed { message, .. } => Error::Unreachable { url: self.url.clone(), message },
            error => error.into(),
        })?;
        let folder = self.subdirectory.as_deref().unwrap_or_default();
        let items = git.list(&git::Tree::Commit(commit.clone()), folder).map_err(|error| match error {
            git::Error::Failed { .. } => Error::NotAStack { place: format!("{folder} of {}", self.url) },
            error => error.into(),
        })?;
        let mut tree = Tree::default();
        let mut allowance = Allowance::default();
        let mut reader = git.reader()?;
        for item in items {
            let Ok(path) = String::from_utf8(item.path) else { continue };
            if !belongs(&path) {
                continue;
            }
            match item.mode {
                ItemMode::File | ItemMode::Executable => {}
                ItemMode::Link => return Err(Error::LinkInStack { path }),
                ItemMode::Submodule => return Err(Error::SubmoduleInStack { path }),
            }
            allowance.take(item.size)?;
            let failed = |source| Error::Archive { path: path.clone(), source };
            reader.ask([&*item.id].into_iter()).map_err(failed)?;
            let size = reader.size().map_err(failed)?;
            let mut bytes = Vec::new();
            reader.content().take(size).read_to_end(&mut bytes).map_err(failed)?;
            reader.end().map_err(failed)?;
            tree.insert(path, bytes);
        }
        Ok((tree, commit))
    }
}
