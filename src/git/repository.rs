//! The git repository around a project, found by looking at files: no git is needed to read a work tree.

use std::fs;
use std::path::{Path, PathBuf};

use crate::file;

use super::config::{self, Config};

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

    /// The repository whose work tree has its top at `top`.
    pub(crate) fn at(top: &Path) -> Option<Self> {
        let dot_git = top.join(".git");
        let metadata = fs::metadata(&dot_git).ok()?;
        let git_dir = if metadata.is_dir() {
            dot_git
        } else {
            // A linked work tree or a submodule: the file says where the repository is.
            let text = file::read_text(&dot_git).ok()?;
            top.join(text.strip_prefix("gitdir:")?.trim())
        };
        // git itself asks for these before it believes in a repository.
        if !git_dir.join("HEAD").exists() {
            return None;
        }
        let common = match file::read_text(&git_dir.join("commondir")) {
            Ok(text) => git_dir.join(text.trim()),
            Err(_) => git_dir.clone(),
        };
        Some(Self { top: top.to_owned(), git_dir, common })
    }

    /// The folder that all work trees share: references, objects, `info/exclude`.
    pub(crate) fn common(&self) -> &Path {
        &self.common
    }

    /// The path of `dir`, which is in the work tree, from its top: with slashes, and none at its end.
    pub(crate) fn below_top(&self, dir: &Path) -> String {
        dir.strip_prefix(&self.top).unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/")
    }

    /// The settings of the repository itself.
    pub(crate) fn config(&self) -> Config {
        let text = file::read(&self.common.join("config")).unwrap_or_default();
        Config::parse(&String::from_utf8_lossy(&text))
    }

    /// Bytes of an object's name.
    pub(crate) fn id_length(&self) -> usize {
        let format = self.config();
        if format.get("extensions", "objectformat").is_some_and(|name| name.eq_ignore_ascii_case("sha256")) {
            32
        } else {
            20
        }
    }

    /// Something that git would read of this repository and that is no file: git would wait there for ever.
    pub(crate) fn trap(&self) -> Option<PathBuf> {
        const OWN: [&str; 2] = ["HEAD", "index"];
        const SHARED: [&str; 5] =
            ["packed-refs", "shallow", "info/attributes", "info/grafts", "objects/info/alternates"];
        let no_file = |path: &PathBuf| fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let own = OWN.into_iter().map(|name| self.git_dir.join(name));
        let shared = SHARED.into_iter().map(|name| self.common.join(name));
        let configs = [self.common.join("config"), self.git_dir.join("config.worktree")];
        own.chain(shared).find(no_file).or_else(|| configs.iter().find_map(|path| config::trap(path, 0)))
    }
}
