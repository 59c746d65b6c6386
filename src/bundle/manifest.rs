//! What is in a tree, entry by entry: the value that `diff` compares and that `--manifest` writes.

use std::cmp::Ordering;

use serde::Serialize;

use super::digest::{ContentDigest, TreeDigest};
use super::entry::{EntryPath, Mode};
use super::pack::Sealed;
use super::plan::Entry;

/// All entries of a tree, sorted by the bytes of their paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    pub digest: TreeDigest,
    pub entries: Vec<ManifestEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ManifestEntry {
    pub path: EntryPath,
    pub mode: Mode,
    pub size: u64,
    pub sha256: ContentDigest,
}

/// One difference between two trees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub path: EntryPath,
    pub kind: ChangeKind,
    /// Of the old tree: mode and size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Side>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Side>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Side {
    pub mode: Mode,
    pub size: u64,
    pub sha256: ContentDigest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    Added,
    Removed,
    /// Another content, and perhaps another mode.
    Content,
    /// The same content in another mode.
    Mode,
}

impl Manifest {
    pub(crate) fn new(digest: TreeDigest, entries: &[Entry], sealed: &[Sealed]) -> Self {
        let entries = entries.iter().zip(sealed).map(|(entry, sealed)| ManifestEntry {
            path: entry.path.clone(),
            mode: sealed.header.mode,
            size: sealed.header.size,
            sha256: sealed.content,
        });
        Self { digest, entries: entries.collect() }
    }

    /// What one has to do to `self` to get `new`.
    pub fn changes_to(&self, new: &Self) -> Vec<Change> {
        let (mut old, mut new) = (self.entries.iter().peekable(), new.entries.iter().peekable());
        let side = |entry: &ManifestEntry| Side { mode: entry.mode, size: entry.size, sha256: entry.sha256 };
        let mut changes = Vec::new();
        let mut push = |kind, old: Option<&ManifestEntry>, new: Option<&ManifestEntry>| {
            let path = old.or(new).expect("a change has a side").path.clone();
            changes.push(Change { path, kind, old: old.map(side), new: new.map(side) });
        };
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return changes,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => old.path.cmp(&new.path),
            };
            match order {
                Ordering::Less => push(ChangeKind::Removed, old.next(), None),
                Ordering::Greater => push(ChangeKind::Added, None, new.next()),
                Ordering::Equal => {
                    let (old, new) = (old.next().expect("peeked"), new.next().expect("peeked"));
                    if old.sha256 != new.sha256 {
                        push(ChangeKind::Content, Some(old), Some(new));
                    } else if old.mode != new.mode {
                        push(ChangeKind::Mode, Some(old), Some(new));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(entries: &[(&str, Mode, u8)]) -> Manifest {
        let entries = entries.iter().map(|(path, mode, content)| ManifestEntry {
            path: EntryPath::new(*path).expect("a good path"),
            mode: *mode,
            size: 1,
            sha256: ContentDigest([*content; 32]),
        });
        Manifest { digest: TreeDigest([0; 32]), entries: entries.collect() }
    }

    #[test]
    fn changes_are_found_on_both_sides() {
        let old = manifest(&[("a", Mode::File, 1), ("b", Mode::File, 1), ("c", Mode::File, 1), ("e", Mode::File, 1)]);
        let new =
            manifest(&[("b", Mode::File, 2), ("c", Mode::Executable, 1), ("d", Mode::File, 1), ("e", Mode::File, 1)]);
        let kinds: Vec<_> =
            old.changes_to(&new).into_iter().map(|change| (change.path.to_string(), change.kind)).collect();
        let expected =
            [("a", ChangeKind::Removed), ("b", ChangeKind::Content), ("c", ChangeKind::Mode), ("d", ChangeKind::Added)];
        assert_eq!(kinds, expected.map(|(path, kind)| (path.to_owned(), kind)));
        assert!(old.changes_to(&old).is_empty());
    }
}
