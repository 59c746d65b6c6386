//! What is asked of the packager, with every default resolved.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// Where the content comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The files as they are in the folder.
    Worktree,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worktree => f.write_str("worktree"),
        }
    }
}

/// One question: which files of which folder ship?
#[derive(Debug, Clone)]
pub struct Scope {
    pub root: PathBuf,
    pub source: Source,
    /// `[bundle] exclude`: patterns in the manner of `.gitignore`.
    pub exclude: Vec<String>,
    /// Patterns of files that would be refused and are wanted all the same.
    pub allow: Vec<String>,
}

impl Scope {
    /// Everything of a folder, by its own rule files.
    pub fn of(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), source: Source::Worktree, exclude: Vec::new(), allow: Vec::new() }
    }
}
