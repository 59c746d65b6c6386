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

/// Subject of a commit: the first paragraph of its message, on one line.
pub(crate) fn subject(root: &Path, commit: &str) -> Option<String> {
    let commit = Git::at(root).run(&["cat-file", "commit", commit]).ok()?;
    let text = String::from_utf8_lossy(&commit);
    let (_, message) = text.split_once("\n\n")?;
    let paragraph = message.trim_start_matches('\n').lines().take_while(|line| !line.trim().is_empty());
    Some(paragraph.map(str::trim).collect::<Vec<_>>().join(" "))
}
