//! The git repository around a project, found by looking at files: no git is needed to read a work tree.

use std::fs;
use std::path::{Path, PathBuf};

/// A work tree and the folder of its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    /// The top of the work tree.
    pub(crate) top: PathBuf,
    /// Where this work tree's own `HEAD` and `index` are.
    pub(crate) git_dir: PathBuf,
    /// Shared by all work trees of the repository: holds `info/exclude`.
    common: PathBuf,
}

impl Repository {
    /// The repository that `dir` is in.
    pub(crate) fn discover(dir: &Path) -> Option<Self> {
        dir.ancestors().find_map(Self::at)
    }

    fn at(top: &Path) -> Option<Self> {
        let dot_git = top.join(".git");
        let metadata = fs::metadata(&dot_git).ok()?;
        let git_dir = if metadata.is_dir() {
            dot_git
        } else {
            // A linked work tree or a submodule: the file says where the repository is.
            let text = fs::read_to_string(&dot_git).ok()?;
            top.join(text.strip_prefix("gitdir:")?.trim())
        };
        // git itself asks for these before it believes in a repository.
        if !git_dir.join("HEAD").exists() {
            return None;
        }
        let common = match fs::read_to_string(git_dir.join("commondir")) {
            Ok(text) => git_dir.join(text.trim()),
            Err(_) => git_dir.clone(),
        };
        Some(Self { top: top.to_owned(), git_dir, common })
    }

    /// The folder that all work trees share: references, objects, `info/exclude`.
    pub(crate) fn common(&self) -> &Path {
        &self.common
    }

    /// The settings of the repository itself.
    pub(crate) fn config(&self) -> PathBuf {
        self.common.join("config")
    }
}
