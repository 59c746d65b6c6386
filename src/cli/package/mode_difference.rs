//! How the EB CLI's meaning of `.ebignore` changes a bundle.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::bundle::{Error, IgnoreMode, Plan, Scope};
use crate::ui::count;

/// How the EB CLI's bundle differs from ours.
#[derive(Serialize)]
pub(super) struct ModeDifference {
    /// Ships in this mode only.
    only_eb_cli: Vec<String>,
    /// Would ship in the default mode only.
    only_git: Vec<String>,
}

impl ModeDifference {
    pub(super) fn of(plan: &Plan, scope: &Scope) -> Result<Self, Error> {
        let other = Plan::read(&scope.clone().by(IgnoreMode::Git))?;
        let paths = |plan: &Plan| plan.entries().iter().map(|entry| entry.path().to_string()).collect::<BTreeSet<_>>();
        let (eb_cli, git) = (paths(plan), paths(&other));
        Ok(Self {
            only_eb_cli: eb_cli.difference(&git).cloned().collect(),
            only_git: git.difference(&eb_cli).cloned().collect(),
        })
    }
}

impl fmt::Display for ModeDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |paths: &[String]| paths.first().map(|path| format!(" (first: `{path}`)")).unwrap_or_default();
        write!(
            f,
            "with the EB CLI's rules, {}{} more ship than with git's, and {}{} fewer",
            count(self.only_eb_cli.len(), "file"),
            first(&self.only_eb_cli),
            count(self.only_git.len(), "file"),
            first(&self.only_git)
        )
    }
}
