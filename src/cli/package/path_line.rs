//! The answer of `package --why`.

use std::fmt;

use serde::Serialize;

use crate::bundle::{Source, Why};
use crate::fault::{Exit, Fault};
use crate::ui::{Answer, Paint};

/// The answer of `package --why`.
#[derive(Serialize)]
pub(super) struct Explained {
    #[serde(flatten)]
    pub(super) why: Why,
    #[serde(skip)]
    pub(super) paint: Paint,
}

impl Answer for Explained {
    const SCHEMA: &str = "package-why/1";
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.why.ships { self.paint.green("ships") } else { self.paint.yellow("stays out") };
        write!(f, "`{}` {verdict}: {}", self.why.path, self.why.decided.reason)?;
        let decided = self.why.decided.path.trim_end_matches('/');
        if decided == self.why.path { Ok(()) } else { write!(f, ", which matches `{}`", self.why.decided.path) }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("there is no `{path}` in {place}")]
pub(super) struct NoSuchPath {
    path: String,
    place: String,
}

impl NoSuchPath {
    pub(super) fn new(path: &str, source: &Source) -> Self {
        let place = match source {
            Source::Worktree => "the work tree".to_owned(),
            Source::Index => "the index".to_owned(),
            Source::Revision(name) => format!("`{name}`"),
        };
        Self { path: path.to_owned(), place }
    }
}

impl Fault for NoSuchPath {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some("paths are relative to the top of the project; an empty folder does not ship".to_owned())
    }
}
