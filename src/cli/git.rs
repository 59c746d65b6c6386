//! What git says of a work tree, where there is git.

use std::path::Path;

use crate::git::repository::Repository;
use crate::git::{Git, head};

/// The branch that a work tree is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Branch {
    Named(String),
    /// A commit without a branch, as pipelines check it out.
    Detached,
    /// No work tree, or no git.
    NoGit,
}

pub(crate) fn branch(root: &Path) -> Branch {
    match Repository::discover(root).and_then(|repository| head::Branch::of(&repository)) {
        Some(head::Branch::Named(name)) => Branch::Named(name),
        Some(head::Branch::Detached) => Branch::Detached,
        None => Branch::NoGit,
    }
}

/// Subject of a commit: the first paragraph of its message, on one line.
pub(crate) fn subject(root: &Path, commit: &str) -> Option<String> {
    Git::reading(&Repository::discover(root)?).ok()?.subject(commit).ok()
}

/// How many commits the work tree has that another has not, and the other way round. `None`: git has it not, or there is no git.
pub(crate) fn apart(root: &Path, commit: &str) -> Option<(u64, u64)> {
    Git::reading(&Repository::discover(root)?).ok()?.apart(commit).ok()?
}
