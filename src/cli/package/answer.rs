//! The answer of `package`.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::bundle::{Bundle, Checkout, LeftOut, Note, Plan, Source, TreeDigest};
use crate::ui::{Answer, Paint, bytes, count};

use super::mode_difference::ModeDifference;

/// The answer of `package`.
#[derive(Serialize)]
pub(super) struct Packaged {
    pub(super) label: String,
    pub(super) digest: TreeDigest,
    pub(super) source: Source,
    /// The commit that a revision stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revision: Option<String>,
    /// How the work tree stands; absent outside of git.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) checkout: Option<Checkout>,
    pub(super) entries: usize,
    /// Bytes of content before they were packed.
    pub(super) content_bytes: u64,
    /// Python packages among it; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wheels: Option<Wheels>,
    /// Absent when nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
    /// Entries that were taken from the previous bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reused: Option<usize>,
    /// Was the bundle there already?
    pub(super) unchanged: bool,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) notes: Vec<Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) other_mode: Option<ModeDifference>,
    #[serde(skip)]
    pub(super) bundle: Option<Bundle>,
    #[serde(skip)]
    pub(super) out: Paint,
}

/// Wheels of a bundle: how many, and how large.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Wheels {
    pub(super) files: usize,
    pub(super) bytes: u64,
}

impl Wheels {
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        let wheels = plan.entries().iter().filter(|entry| entry.path().as_str().ends_with(".whl"));
        let found = wheels.fold(Self { files: 0, bytes: 0 }, |sum, entry| Self {
            files: sum.files + 1,
            bytes: sum.bytes + entry.size(),
        });
        (found.files > 0).then_some(found)
    }
}

impl Answer for Packaged {
    const SCHEMA: &str = "package/1";

    fn is_account(&self) -> bool {
        self.path.is_some() // else it is the plan of a dry run
    }
}

impl fmt::Display for Packaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.out.bold(&self.label))?;
        writeln!(f, "  digest  {}", self.digest)?;
        writeln!(f, "  source  {}", self.described_source())?;
        write!(f, "  content {} in {}", bytes(self.content_bytes), count(self.entries, "file"))?;
        if let Some(wheels) = self.wheels {
            write!(f, "\n  wheels  {}, {}", count(wheels.files, "package"), bytes(wheels.bytes))?;
        }
        if let (Some(path), Some(size)) = (&self.path, self.bytes) {
            let unchanged = if self.unchanged { ", unchanged" } else { "" };
            write!(f, "\n  bundle  {}, {}{unchanged}", path.display(), bytes(size))?;
        }
        Ok(())
    }
}

impl Packaged {
    /// The source, and what of the work tree is in the bundle although it is not committed, or the other way round.
    fn described_source(&self) -> String {
        let mut text = self.source.to_string();
        let head = self.checkout.as_ref().and_then(|checkout| checkout.revision.as_ref());
        if let Some(commit) = self.revision.as_ref().or(head) {
            let short = commit.get(..12).unwrap_or(commit);
            text += &format!("{} {short}", if self.source == Source::Worktree { " at" } else { "," });
        }
        if let Some(Checkout { changes: changes @ 1.., .. }) = self.checkout {
            text += &match self.source {
                Source::Worktree => format!(", {} not committed", count(changes, "change")),
                _ => format!(", without {} in the work tree", count(changes, "change")),
            };
        }
        text
    }
}
