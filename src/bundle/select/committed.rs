//! Committed environments: those that git has, though nothing of them ships.

use super::plan::Plan;
use super::rules::Reason;

/// A virtual environment that somebody committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedEnvironment {
    /// Without a slash at its end.
    pub path: String,
    /// How many files of it git tracks, where the index tells.
    pub files: Option<usize>,
}

impl Plan {
    /// Virtual environments that git has. They stay out here; whoever packs what git has ships them.
    pub fn committed_environments(&self) -> Vec<CommittedEnvironment> {
        let staged = self.staged.as_ref();
        let tracked = |path: &str| staged.is_none_or(|staged| staged.has_below(path.as_bytes()));
        // Without an index, what is looked at is a commit or the index itself.
        let of_git = staged.is_some() || !self.repositories.is_empty();
        let environments = self.left_out.iter().filter(|out| of_git && out.reason == Reason::VirtualEnvironment);
        let tracked = environments.filter(|out| tracked(&out.path));
        let files = |folder: &str| {
            let folder = format!("{}/", folder.trim_end_matches('/'));
            Some(staged?.files().filter(|(path, _)| path.starts_with(&folder)).count())
        };
        let committed = tracked.map(|out| CommittedEnvironment {
            path: out.path.trim_end_matches('/').to_owned(),
            files: files(&out.path),
        });
        committed.collect()
    }
}
