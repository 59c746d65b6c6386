//! Scope of a bundle: the question that a plan answers, with every default resolved.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use crate::secret::{Certainty, Kind};

/// Where the content comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The files as they are in the folder.
    Worktree,
    /// What is staged for the next commit.
    Index,
    /// A commit, by any name that git knows.
    Revision(String),
}

impl Source {
    /// `worktree`, `index`, or else a revision.
    pub fn parse(text: &str) -> Self {
        match text {
            "worktree" => Self::Worktree,
            "index" => Self::Index,
            name => Self::Revision(name.to_owned()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Worktree => "worktree",
            Self::Index => "index",
            Self::Revision(name) => name,
        })
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whose meaning of `.ebignore` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum IgnoreMode {
    /// As git reads `.gitignore`; `.ebignore` adds to it and has the last word
    #[default]
    Git,
    /// As the EB CLI does it: `.ebignore` alone, the last matching line wins for each file
    EbCli,
}

/// A folder outside of the project that ships with it.
#[derive(Debug, Clone)]
pub struct Include {
    /// Where in the bundle.
    pub at: String,
    /// Where it is.
    pub dir: PathBuf,
}

/// One question: which files of which folder ship?
#[derive(Debug, Clone)]
pub struct Scope {
    pub root: PathBuf,
    pub source: Source,
    pub include: Vec<Include>,
    /// Folders outside of the repository may be among them: whoever runs this says so, and no file of the repository.
    pub include_outside: bool,
    pub ignore: IgnoreMode,
    /// The user's own `core.excludesFile`, if it counts. A bundle that depends on it differs from user to user.
    pub global_excludes: Option<PathBuf>,
    /// `[bundle] exclude`: patterns in the manner of `.gitignore`.
    pub exclude: Vec<String>,
    /// Files that this run itself is writing, with their whole paths.
    pub written: Vec<PathBuf>,
    /// Patterns of files that would be refused and are wanted all the same.
    pub allow: Vec<String>,
    /// Names of secrets that may ship: each stands for one value.
    pub allow_secret: Vec<String>,
    /// What becomes of what probably is a secret.
    pub secrets: Suspicion,
}

/// What becomes of what probably is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suspicion {
    /// It is warned of, and ships.
    #[default]
    Warning,
    /// It is refused like what is one for sure.
    Error,
}

impl Scope {
    /// Does a secret of this kind keep a bundle from being made?
    pub(crate) fn refuses(&self, kind: Kind) -> bool {
        kind.certainty() == Certainty::Sure || self.secrets == Suspicion::Error
    }

    /// The same question by another reading of `.ebignore`.
    #[must_use]
    pub fn by(self, ignore: IgnoreMode) -> Self {
        Self { ignore, ..self }
    }

    /// Everything of a folder, by its own rule files.
    pub fn of(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            source: Source::Worktree,
            include: Vec::new(),
            include_outside: false,
            ignore: IgnoreMode::Git,
            global_excludes: None,
            exclude: Vec::new(),
            written: Vec::new(),
            allow: Vec::new(),
            allow_secret: Vec::new(),
            secrets: Suspicion::Warning,
        }
    }
}
