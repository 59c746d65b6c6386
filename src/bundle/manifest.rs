//! Manifest of a tree, entry by entry: the value that `diff` compares and that `--manifest` writes.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::digest::{ContentDigest, FORMAT, TreeDigest, TreeHasher, unhex};
use super::entry::{BadName, EntryPath, Mode};

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

/// Why a text is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("it is not the JSON that `package --manifest` writes")]
    Json(#[from] serde_json::Error),
    #[error("its format is `{0}`, and this program knows `{FORMAT}`")]
    Format(String),
    #[error("`{}` is listed, which {bad}", path.escape_debug())]
    Name { path: String, bad: BadName },
    #[error("`{0}` is not a digest of 64 hexadecimal digits")]
    Digest(String),
    #[error("`{0}` is not a mode")]
    Mode(String),
    #[error("its entries are not sorted, or some are there twice")]
    Order,
    #[error("its digest is not that of its entries")]
    Wrong,
}

/// A manifest as it is read, before anything of it is believed.
#[derive(Deserialize)]
struct Claim {
    format: String,
    digest: String,
    entries: Vec<ClaimedEntry>,
}

#[derive(Deserialize)]
struct ClaimedEntry {
    path: String,
    mode: String,
    size: u64,
    sha256: String,
}

impl Manifest {
    /// Read what `package --manifest` wrote. The digest must be that of the entries.
    pub fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        let claim: Claim = serde_json::from_slice(text)?;
        if claim.format != FORMAT {
            return Err(ManifestError::Format(claim.format));
        }
        let mut tree = TreeHasher::new();
        let mut entries: Vec<ManifestEntry> = Vec::new();
        for ClaimedEntry { path, mode, size, sha256 } in claim.entries {
            let path = EntryPath::new(path.as_str()).map_err(|bad| ManifestError::Name { path, bad })?;
            let known = [Mode::File, Mode::Executable, Mode::Link].into_iter().find(|known| known.octal() == mode);
            let mode = known.ok_or(ManifestError::Mode(mode))?;
            let sha256 = unhex(&sha256).map(ContentDigest).ok_or(ManifestError::Digest(sha256))?;
            if entries.last().is_some_and(|last| last.path >= path) {
                return Err(ManifestError::Order);
            }
            tree.add(mode, &sha256, &path);
            entries.push(ManifestEntry { path, mode, size, sha256 });
        }
        let digest = unhex(&claim.digest).map(TreeDigest).ok_or(ManifestError::Digest(claim.digest))?;
        if tree.finish() != digest {
            return Err(ManifestError::Wrong);
        }
        Ok(Self { digest, entries })
    }

    /// `entries` are sorted by the bytes of their paths.
    pub(crate) fn new(digest: TreeDigest, entries: impl Iterator<Item = ManifestEntry>) -> Self {
        Self { digest, entries: entries.collect() }
    }

    /// Changes that make `new` of `self`.
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

    proptest::proptest! {
        /// What is written can be read, and no text makes the reader panic.
        #[test]
        fn manifests_survive_being_written(
            files in proptest::collection::btree_map("[a-z]{1,3}(/[a-z]{1,3}){0,2}", proptest::prelude::any::<[u8; 32]>(), 0..8),
            at in proptest::prelude::any::<proptest::sample::Index>(),
            byte in proptest::prelude::any::<u8>(),
        ) {
            let mut tree = TreeHasher::new();
            let mut entries = Vec::new();
            for (path, content) in files {
                let path = EntryPath::new(path).expect("a good path");
                tree.add(Mode::File, &ContentDigest(content), &path);
                entries.push(ManifestEntry { path, mode: Mode::File, size: 1, sha256: ContentDigest(content) });
            }
            let manifest = Manifest { digest: tree.finish(), entries };
            let mut document = serde_json::to_value(&manifest).expect("a manifest is JSON");
            document["format"] = FORMAT.into();
            let mut text = serde_json::to_vec(&document).expect("a manifest is JSON");
            proptest::prop_assert_eq!(Manifest::parse(&text).expect("what was written"), manifest);
            let at = at.index(text.len());
            text[at] = byte;
            let _ = Manifest::parse(&text);
        }
    }

    #[test]
    fn a_manifest_that_contradicts_itself_is_none() {
        let text = |digest: char, entry: &str| {
            let digest = digest.to_string().repeat(64);
            format!(r#"{{"format": "beansprout-tree-v1", "digest": "{digest}", "entries": [{entry}]}}"#)
        };
        let entry = |path: &str| {
            format!(r#"{{"path": "{path}", "mode": "100644", "size": 1, "sha256": "{}"}}"#, "a".repeat(64))
        };
        let parse = |text: String| Manifest::parse(text.as_bytes()).expect_err("no manifest");
        assert!(matches!(parse(text('0', "")), ManifestError::Wrong));
        assert!(matches!(parse(text('x', "")), ManifestError::Digest(_)));
        assert!(matches!(parse(text('0', &entry("../a"))), ManifestError::Name { .. }));
        assert!(matches!(parse(text('0', &format!("{}, {}", entry("b"), entry("a")))), ManifestError::Order));
        assert!(matches!(parse("[]".to_owned()), ManifestError::Json(_)));
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
