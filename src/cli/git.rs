//! What git says of a work tree, where there is git.

use std::path::Path;

use crate::git::Git;

/// The branch that a work tree is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Branch {
    Named(String),
    /// A commit without a branch, as pipelines check it out.
    Detached,
    /// No work tree, or no git.
    NoGit,
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Git::at(root).run(arguments).ok()?;
    Some(String::from_utf8_lossy(&output).trim().to_owned())
}

pub(crate) fn branch(root: &Path) -> Branch {
    // Also before the first commit, where `rev-parse` has nothing to say.
    match git(root, &["symbolic-ref", "--short", "--quiet", "HEAD"]) {
        Some(name) => Branch::Named(name),
        None if git(root, &["rev-parse", "--git-dir"]).is_some() => Branch::Detached,
        None => Branch::NoGit,
    }
}

/// What the work tree comes from: the commit's subject and name, if there is one. A repository that ignores the folder has
/// nothing to say of it.
pub(crate) fn origin(root: &Path) -> Option<String> {
    if Git::at(root).ignores_all() {
        return None;
    }
    let subject = git(root, &["log", "-1", "--format=%s"])?;
    let commit = git(root, &["rev-parse", "--short=12", "HEAD"])?;
    let changed = if git(root, &["status", "--porcelain"])?.is_empty() { "" } else { ", changed" };
    // The commit's name is the part that must not be cut off.
    let subject: String = subject.chars().take(170).collect();
    Some(format!("{subject} ({commit}{changed})"))
}
