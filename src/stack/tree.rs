//! The files of a stack, wherever they came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Error;

/// Everything under `templates/`, carried by the binary.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// No stack needs more; a folder named by mistake (`/`, a home) has more.
const MOST_FILES: usize = 5_000;

/// `/`-separated paths and what is in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<String, Vec<u8>>);

impl Tree {
    /// The part of the box below `prefix`, which ends with `/`.
    pub(crate) fn embedded(prefix: &str) -> Self {
        let below = EMBEDDED.iter().filter_map(|(path, bytes)| Some((path.strip_prefix(prefix)?, bytes)));
        Self(below.map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect())
    }

    pub(crate) fn folder(root: &Path) -> Result<Self, Error> {
        let mut tree = Self::default();
        let mut waiting = vec![PathBuf::new()];
        while let Some(dir) = waiting.pop() {
            let at = root.join(&dir);
            let failed = |source| Error::Read { path: at.clone(), source };
            for entry in std::fs::read_dir(&at).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let path = dir.join(entry.file_name());
                let kind = entry.file_type().map_err(failed)?;
                let Some(name) = path.to_str() else { return Err(Error::NameNotText { path: root.join(path) }) };
                if kind.is_symlink() {
                    return Err(Error::LinkInStack { path: root.join(path) });
                } else if kind.is_dir() {
                    if name != ".git" && !name.ends_with("__pycache__") {
                        waiting.push(path);
                    }
                } else {
                    let bytes = std::fs::read(root.join(&path))
                        .map_err(|source| Error::Read { path: root.join(&path), source })?;
                    tree.insert(name.replace('\\', "/"), bytes)?;
                }
            }
        }
        Ok(tree)
    }

    pub(crate) fn insert(&mut self, path: String, bytes: Vec<u8>) -> Result<(), Error> {
        self.0.insert(path, bytes);
        if self.0.len() > MOST_FILES { Err(Error::TooManyFiles { most: MOST_FILES }) } else { Ok(()) }
    }

    pub(crate) fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }

    /// What is below `prefix`, which ends with `/`.
    pub(crate) fn below(&self, prefix: &str) -> Self {
        let below = self.0.iter().filter_map(|(path, bytes)| Some((path.strip_prefix(prefix)?, bytes)));
        Self(below.map(|(path, bytes)| (path.to_owned(), bytes.clone())).collect())
    }

    /// Lay another tree over this one.
    pub(crate) fn overlay(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
