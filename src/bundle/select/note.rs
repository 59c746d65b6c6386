//! Notes: things in a bundle that work, or not, in a way that may surprise.

use std::borrow::Cow;

use crate::bundle::entry::EntryPath;

use crate::secret::Kind;

use super::origin::{Entry, Origin};
use super::plan::Plan;
use super::spelling::composed;

/// Something in a bundle that works, or not, in a way that may surprise.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// A script whose first line ends with CR LF.
    CrlfScript(EntryPath),
    /// The pointer of git LFS instead of the file.
    LfsPointer(EntryPath),
    /// Something that may be a secret.
    PossibleSecret {
        path: EntryPath,
        #[serde(skip)]
        kind: Kind,
    },
    /// A link whose target does not ship.
    DanglingLink(EntryPath),
    /// A name with letters and accents apart, where one letter is usual.
    SplitLetters(EntryPath),
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CrlfScript(path) => {
                write!(f, "`{path}` has Windows line endings: Linux will not find the interpreter in its first line")
            }
            Self::LfsPointer(path) => write!(f, "`{path}` is a git LFS pointer, not the file: run `git lfs pull`"),
            Self::PossibleSecret { path, kind } => {
                write!(f, "`{path}` {}: see that it may ship, or name it in `allow`", kind.sentence())
            }
            Self::DanglingLink(path) => write!(f, "`{path}` is a link to something that is not in the bundle"),
            Self::SplitLetters(path) => write!(
                f,
                "`{path}` has letters and accents apart in its name, as Macs write them: Linux does not find it by the usual spelling"
            ),
        }
    }
}

impl Plan {
    /// Notes that names and links give rise to: links whose target does not ship, then names that a Mac would spell in another way.
    pub(crate) fn notes(&self) -> impl Iterator<Item = Note> {
        let dangling = |entry: &&Entry| match &entry.origin {
            Origin::Link(target) => !self.has(&resolved(&entry.path, target)),
            Origin::Disk { .. } | Origin::Blob { .. } => false,
        };
        let split = |entry: &&Entry| matches!(composed(entry.path.as_str()), Cow::Owned(_));
        let paths = |entry: &Entry| entry.path.clone();
        let dangling = self.entries.iter().filter(dangling).map(paths).map(Note::DanglingLink);
        let suspicious = self.suspicious.iter().cloned().map(|(path, kind)| Note::PossibleSecret { path, kind });
        suspicious.chain(dangling).chain(self.entries.iter().filter(split).map(paths).map(Note::SplitLetters))
    }
}

/// Where a link leads, relative to the root.
fn resolved(link: &EntryPath, target: &str) -> String {
    let mut parts: Vec<&str> = link.as_str().split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}
