//! Where the git repository around a project is, found by looking at files: no git is needed to read a work tree.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::rules::RuleFile;
use super::walk::unreadable;

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

    /// What all work trees share: references and objects.
    pub(crate) fn common(&self) -> &Path {
        &self.common
    }

    /// The settings of the repository itself.
    pub(crate) fn config(&self) -> PathBuf {
        self.common.join("config")
    }

    /// The rules for `root` that stand outside of it, from the weakest to the strongest: `info/exclude`, then the
    /// `.gitignore` of every folder above.
    pub(crate) fn outside_rules(&self, root: &Path) -> Result<Vec<RuleFile>, Error> {
        let below_top = root.strip_prefix(&self.top).unwrap_or(Path::new(""));
        let above = |from: &Path| {
            let path = root.strip_prefix(from).unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/");
            if path.is_empty() { path } else { path + "/" }
        };
        let mut files = vec![(self.common.join("info/exclude"), above(&self.top))];
        let mut dir = self.top.clone();
        for part in below_top.components() {
            files.push((dir.join(".gitignore"), above(&dir)));
            dir.push(part);
        }
        let mut rules = Vec::new();
        for (path, above) in files {
            if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
                continue;
            }
            let text = fs::read(&path).map_err(|source| unreadable(path.clone(), source))?;
            rules.push(RuleFile::above(&path.to_string_lossy(), above, &text));
        }
        Ok(rules)
    }
}
