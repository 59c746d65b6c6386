//! Errors between a folder and a bundle.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::fault::{Exit, Fault};
use crate::file;
use crate::git;
use crate::secret;
use crate::ui::{bytes, count};

use super::entry::BadName;

/// Variable that lets folders outside of the repository in, where a verb has no flag for it.
pub const INCLUDE_OUTSIDE: &str = "BEANSPROUT_INCLUDE_OUTSIDE";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` vanished while it was being packaged", path.display())]
    Vanished { path: PathBuf },
    #[error("`{}` changed while it was being packaged", path.display())]
    Changed { path: PathBuf },
    #[error("failed to write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("nothing is left to put in a bundle of `{}`", root.display())]
    Empty { root: PathBuf },
    #[error("{}", Listed(problems))]
    Problems { problems: Vec<Problem> },
    #[error("`{}` would be part of the next bundle", path.display())]
    OutputShips { path: PathBuf },
    #[error("`{}` is a file of the project: it is not written over", path.display())]
    OutputIsSource { path: PathBuf },
    #[error("the bundle would have {} or more, and the limit is {}", bytes(*size), bytes(*limit))]
    TooLarge { size: u64, limit: u64, largest: Vec<(String, u64)> },
    #[error("the files have {} together, and an instance has room for {}", bytes(*size), bytes(*limit))]
    Unpacks { size: u64, limit: u64, largest: Vec<(String, u64)> },
    #[error("the cache was wrong about {}, first `{}`", count(paths.len(), "file"), paths[0])]
    CacheWrong { paths: Vec<String> },
    #[error("`{}` is in no git repository", dir.display())]
    NoRepository { dir: PathBuf },
    #[error("`{at}` under `[bundle.include]` is `{}`, outside of `{}`", dir.display(), top.display())]
    IncludedFromOutside { at: String, dir: PathBuf, top: PathBuf },
    #[error("`{at}` under `[bundle.include]` is `{}`, which is not there", dir.display())]
    IncludedFromNowhere { at: String, dir: PathBuf },
    #[error("the content of submodule `{path}` is not here")]
    Submodule { path: String },
    #[error("more than 65,535 submodules")]
    TooManySubmodules,
    #[error(transparent)]
    File(#[from] file::Error),
    #[error(transparent)]
    Git(#[from] git::Error),
    #[error("failed to read object `{id}` from git")]
    GitContent { id: String, source: io::Error },
}

/// An error about a file that was there a moment ago.
pub(crate) fn unreadable(path: PathBuf, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::NotFound => Error::Vanished { path },
        _ => Error::Read { path, source },
    }
}

/// Something about one path that keeps the whole bundle from being made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub path: String,
    pub kind: ProblemKind,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    Name(BadName),
    Special(&'static str),
    LinkOutside {
        target: String,
    },
    CaseClash {
        with: String,
    },
    SpellingClash {
        with: String,
    },
    SameName,
    /// The path is that of a rule file, and this line of it cannot be obeyed.
    Pattern {
        line: u32,
    },
    Secret {
        kind: secret::Kind,
        /// The name of what its content holds, for whoever wants to allow that and nothing else.
        name: Option<String>,
    },
}

impl Problem {
    pub(crate) fn name(path: String, bad: BadName) -> Self {
        Self { path, kind: ProblemKind::Name(bad) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ", self.path.escape_debug())?;
        match &self.kind {
            ProblemKind::Name(bad) => bad.fmt(f),
            ProblemKind::Special(kind) => write!(f, "is a {kind}, not a file"),
            ProblemKind::LinkOutside { target } => write!(f, "links to `{target}`, out of the bundle"),
            ProblemKind::CaseClash { with } => write!(f, "differs from `{with}` only in upper and lower case"),
            ProblemKind::SpellingClash { with } => {
                write!(f, "differs from `{}` only in how its accents are written", with.escape_default())
            }
            ProblemKind::SameName => f.write_str("comes from two places"),
            ProblemKind::Pattern { line } => write!(f, "has a pattern in line {line} that is too long to be obeyed"),
            ProblemKind::Secret { kind, .. } => f.write_str(kind.sentence()),
        }
    }
}

/// All problems in one message: nobody wants to meet them one run at a time.
struct Listed<'a>(&'a [Problem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        if let [problem] = self.0 {
            return problem.fmt(f);
        }
        write!(f, "{} cannot be in a bundle", count(self.0.len(), "file"))?;
        for problem in self.0.iter().take(SHOWN) {
            write!(f, "\n  {problem}")?;
        }
        if self.0.len() > SHOWN {
            write!(f, "\n  and {} more", self.0.len() - SHOWN)?;
        }
        Ok(())
    }
}

/// [`super::Plan::largest`] in a sentence.
pub fn where_most_is(largest: &[(String, u64)]) -> String {
    let largest: Vec<String> = largest.iter().map(|(path, size)| format!("`{path}` ({})", bytes(*size))).collect();
    format!("most is in {}", largest.join(", "))
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::OutputShips { .. } | Self::OutputIsSource { .. } => Exit::Usage,
            Self::File(error) => error.exit(),
            Self::Git(error) => error.exit(),
            _ => Exit::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } | Self::GitContent { .. } | Self::TooManySubmodules => None,
            Self::CacheWrong { .. } => {
                Some("it was deleted; the next bundle is made without it. Please report what came before".to_owned())
            }
            Self::NoRepository { .. } => Some("`--source worktree` packages the files as they are".to_owned()),
            Self::Git(git::Error::Revision { .. }) => {
                Some("`--source` is `worktree`, `index` or a revision, such as `HEAD`".to_owned())
            }
            Self::IncludedFromNowhere { .. } => {
                Some("make it first, or take its line out of `beansprout.toml`".to_owned())
            }
            Self::IncludedFromOutside { .. } => Some(format!(
                "look at what is there; `{INCLUDE_OUTSIDE}=1` lets it in, and so does `--include-outside` of `package`, `check` and `explain`"
            )),
            Self::Submodule { .. } => Some("run `git submodule update --init --recursive`".to_owned()),
            Self::Git(git::Error::Missing { .. }) => {
                Some("install git, or use `--source worktree`, which needs none".to_owned())
            }
            Self::File(error) => error.hint(),
            Self::Git(error) => error.hint(),
            Self::Vanished { .. } | Self::Changed { .. } => {
                Some("run it again when nothing else writes to the project".to_owned())
            }
            Self::Write { .. } => Some("nothing was left behind; an earlier bundle is as it was".to_owned()),
            Self::Empty { .. } => Some("`beansprout package --why PATH` tells which rule leaves a path out".to_owned()),
            Self::Problems { problems } => {
                let allowable = problems.iter().any(|problem| matches!(problem.kind, ProblemKind::Secret { .. }));
                let them = if problems.len() == 1 { "it" } else { "them" };
                let name = problems.iter().find_map(|problem| match &problem.kind {
                    ProblemKind::Secret { name, .. } => name.as_ref(),
                    _ => None,
                });
                if problems.iter().all(|problem| matches!(problem.kind, ProblemKind::Pattern { .. })) {
                    return Some("say it in a shorter pattern, or in several".to_owned());
                }
                Some(if allowable {
                    let alone = name.map_or(String::new(), |name| {
                        format!("; `allow-secret = [\"{name}\"]` allows the first and no other")
                    });
                    format!(
                        "leave {them} out with a line in `.ebignore`, or name {them} in `allow` under `[bundle]` in `beansprout.toml`{alone}"
                    )
                } else {
                    format!("rename or remove {them}, or leave {them} out with a line in `.ebignore`")
                })
            }
            Self::OutputIsSource { .. } => Some("name another file".to_owned()),
            Self::OutputShips { .. } => Some("name a file outside the project, or one that is ignored".to_owned()),
            Self::TooLarge { largest, .. } | Self::Unpacks { largest, .. } => Some(format!(
                "{}; leave out what the site does not need, with a line in `.ebignore`",
                where_most_is(largest)
            )),
        }
    }
}
