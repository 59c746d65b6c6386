//! Listings: files, links and submodules of an index or a commit, as git's plumbing prints them.

use super::{Error, Git, Tree, fields};

/// A file, link or submodule that git knows.
#[derive(Debug)]
pub(crate) struct Item {
    /// Relative to the folder that was asked about.
    pub(crate) path: Vec<u8>,
    pub(crate) mode: ItemMode,
    pub(crate) id: Box<str>,
    pub(crate) size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemMode {
    File,
    Executable,
    Link,
    Submodule,
}

impl ItemMode {
    pub(super) fn of(mode: u32) -> Option<Self> {
        Some(match mode {
            0o100_644 | 0o100_664 => Self::File,
            0o100_755 => Self::Executable,
            0o120_000 => Self::Link,
            0o160_000 => Self::Submodule,
            _ => return None,
        })
    }

    pub(super) fn parse(octal: &str) -> Option<Self> {
        u32::from_str_radix(octal, 8).ok().and_then(Self::of)
    }
}

/// One line of `git ls-files --stage`: `<mode> <id> <stage>\t<path>`, the path relative to the folder that was asked about.
struct Staged<'a> {
    path: &'a [u8],
    mode: ItemMode,
    id: &'a str,
    stage: &'a str,
}

impl<'a> Staged<'a> {
    fn parse(line: &'a [u8], folder: &str) -> Result<Self, Error> {
        let skip = if folder.is_empty() { 0 } else { folder.len() + 1 };
        let parts = || {
            let tab = line.iter().position(|byte| *byte == b'\t')?;
            let words: Vec<&str> = std::str::from_utf8(&line[..tab]).ok()?.split(' ').collect();
            let &[mode, id, stage] = words.as_slice() else { return None };
            Some(Self { path: line[tab + 1..].get(skip..)?, mode: ItemMode::parse(mode)?, id, stage })
        };
        parts().ok_or_else(|| Error::Failed {
            command: "git ls-files".to_owned(),
            message: format!("said `{}`", String::from_utf8_lossy(line).escape_debug()),
        })
    }
}

impl Git {
    /// Modes, names and paths of all files of `commit`, below `folder` as [`Git::list`] has it.
    pub(crate) fn tree_of(&self, commit: &str, folder: &str) -> Result<Vec<Item>, Error> {
        Self::items(&self.run(&["ls-tree", "-r", "-z", "--full-tree", &format!("{commit}:{folder}")])?)
    }

    /// Items of `tree` below `folder`, which is relative to the top and empty or without a slash at its end.
    ///
    /// `self` must be at the top of a work tree.
    pub(crate) fn list(&self, tree: &Tree, folder: &str) -> Result<Vec<Item>, Error> {
        match tree {
            Tree::Index => self.list_index(folder),
            Tree::Commit(commit) => {
                Self::items(&self.run(&["ls-tree", "-r", "-z", "-l", "--full-tree", &format!("{commit}:{folder}")])?)
            }
        }
    }

    fn items(listing: &[u8]) -> Result<Vec<Item>, Error> {
        fields(listing).map(Self::item).collect()
    }

    /// `<mode> <type> <id> <size>\t<path>`, without the size if nobody asked for it.
    fn item(line: &[u8]) -> Result<Item, Error> {
        let unknown = || Error::Failed {
            command: "git ls-tree".to_owned(),
            message: format!("said `{}`", String::from_utf8_lossy(line).escape_debug()),
        };
        let tab = line.iter().position(|byte| *byte == b'\t').ok_or_else(unknown)?;
        let words = std::str::from_utf8(&line[..tab]).map_err(|_| unknown())?;
        let mut words = words.split_ascii_whitespace();
        let mode = words.next().and_then(ItemMode::parse).ok_or_else(unknown)?;
        let id = words.nth(1).ok_or_else(unknown)?.into();
        let size = words.next().and_then(|size| size.parse().ok()).unwrap_or(0);
        Ok(Item { path: line[tab + 1..].to_vec(), mode, id, size })
    }

    fn list_index(&self, folder: &str) -> Result<Vec<Item>, Error> {
        let listing = self.staged(folder)?;
        let mut items = Vec::new();
        for line in fields(&listing) {
            let Staged { path, mode, id, stage } = Staged::parse(line, folder)?;
            if stage != "0" {
                return Err(Error::Unmerged { path: String::from_utf8_lossy(path).into_owned() });
            }
            items.push(Item { path: path.to_vec(), mode, id: id.into(), size: 0 });
        }
        let blobs = || items.iter().filter(|item| item.mode != ItemMode::Submodule);
        let ids: String = blobs().map(|item| format!("{}\n", item.id)).collect();
        let sizes = self.run_with(&["cat-file", "--batch-check=%(objectsize)"], ids.into_bytes())?;
        let sizes = String::from_utf8_lossy(&sizes).into_owned();
        let mut sizes = sizes.lines();
        for item in items.iter_mut().filter(|item| item.mode != ItemMode::Submodule) {
            let size = sizes.next().and_then(|size| size.parse().ok());
            item.size = size.ok_or_else(|| Error::Object { id: item.id.to_string() })?;
        }
        Ok(items)
    }

    fn staged(&self, folder: &str) -> Result<Vec<u8>, Error> {
        let folder = if folder.is_empty() { "." } else { folder };
        self.run(&["ls-files", "--stage", "-z", "--full-name", "--", folder])
    }
}
