//! The files of a stack, wherever they came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Error, manifest};

/// Everything under `templates/`, carried by the binary.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// No stack needs more; a folder named by mistake has more.
pub(super) const MOST_FILES: usize = 5_000;
pub(super) const MOST_BYTES: u64 = 64 << 20;

/// The folders of a stack: what it writes, and what several of those have in common.
const FOLDERS: [&str; 2] = ["files/", SNIPPETS];

/// Texts that several files have in common.
pub(super) const SNIPPETS: &str = "snippets/";

/// Files and bytes that a stack may still take: what strangers made is not believed.
pub(super) struct Allowance {
    files: usize,
    bytes: u64,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { files: MOST_FILES, bytes: MOST_BYTES }
    }
}

impl Allowance {
    /// One more file, of so many bytes.
    pub(super) fn take(&mut self, bytes: u64) -> Result<(), Error> {
        self.files = self.files.checked_sub(1).ok_or(Error::TooManyFiles { most: MOST_FILES })?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Error::TooManyBytes { most: MOST_BYTES })?;
        Ok(())
    }
}

/// `/`-separated paths and what is in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<String, Vec<u8>>);

impl Tree {
    /// The part of the box below `prefix`, which ends with `/`.
    pub(crate) fn embedded(prefix: &str) -> Self {
        let below = EMBEDDED.iter().filter_map(|(path, bytes)| Some((path.strip_prefix(prefix)?, bytes)));
        Self(below.map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect())
    }

    /// The part or the stack of this name in the box.
    pub(super) fn boxed(name: &str) -> Option<Self> {
        ["parts", "stacks"]
            .into_iter()
            .map(|kind| Self::embedded(&format!("{kind}/{name}/")))
            .find(|tree| !tree.is_empty())
    }

    /// Is a file at this place part of a stack? What else lies beside it (tests, a README, `.git`) is not.
    pub(crate) fn belongs(path: &str) -> bool {
        path == manifest::FILE || path == manifest::PART || FOLDERS.iter().any(|folder| path.starts_with(folder))
    }

    /// The stack in the folder `root`.
    pub(crate) fn stack_folder(root: &Path) -> Result<Self, Error> {
        let mut tree = Self::default();
        for name in [manifest::FILE, manifest::PART] {
            let manifest = root.join(name);
            if manifest.symlink_metadata().is_ok_and(|found| !found.is_file()) {
                return Err(Error::LinkInStack { path: manifest.display().to_string() });
            }
            match std::fs::read(&manifest) {
                Ok(bytes) => tree.insert(name.to_owned(), bytes),
                // Whoever opens it says that it is no stack; a folder that does not exist is another mistake.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && root.is_dir() => {}
                Err(source) => {
                    return Err(Error::Read { path: if root.is_dir() { manifest } else { root.to_owned() }, source });
                }
            }
        }
        if tree.is_empty() {
            return Ok(tree);
        }
        let mut allowance = Allowance::default();
        for folder in FOLDERS {
            let files = root.join(folder);
            if files.is_dir() {
                let below = Self::walk(&files, &mut allowance, refuse_in(&files))?.0.into_iter();
                tree.0.extend(below.map(|(path, bytes)| (format!("{folder}{path}"), bytes)));
            }
        }
        Ok(tree)
    }

    /// Everything in the folder `root`.
    pub(crate) fn folder(root: &Path) -> Result<Self, Error> {
        Self::walk(root, &mut Allowance::default(), refuse_in(root))
    }

    /// The files in the folder `root`, and the paths of what is neither file nor folder.
    pub(crate) fn files_and_others(root: &Path) -> Result<(Self, Vec<String>), Error> {
        let mut others = Vec::new();
        let tree = Self::walk(root, &mut Allowance::default(), |path| {
            others.push(path.to_owned());
            Ok(())
        })?;
        Ok((tree, others))
    }

    fn walk(
        root: &Path,
        allowance: &mut Allowance,
        mut other: impl FnMut(&str) -> Result<(), Error>,
    ) -> Result<Self, Error> {
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
                // A pipe would be waited for.
                if !kind.is_dir() && !kind.is_file() {
                    other(&name.replace('\\', "/"))?;
                } else if kind.is_dir() {
                    if name != ".git" && !name.ends_with("__pycache__") {
                        waiting.push(path);
                    }
                } else {
                    allowance.take(entry.metadata().map_err(failed)?.len())?;
                    let bytes = std::fs::read(root.join(&path))
                        .map_err(|source| Error::Read { path: root.join(&path), source })?;
                    tree.insert(name.replace('\\', "/"), bytes);
                }
            }
        }
        Ok(tree)
    }

    pub(crate) fn insert(&mut self, path: String, bytes: Vec<u8>) {
        self.0.insert(path, bytes);
    }

    pub(crate) fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }

    /// The files below `prefix`, which ends with `/`.
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

/// Refuses what is neither file nor folder.
fn refuse_in(root: &Path) -> impl Fn(&str) -> Result<(), Error> {
    |path| Err(Error::LinkInStack { path: root.join(path).display().to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a stack may have, it has once: not once for each of its folders.
    #[test]
    fn one_stack_has_one_allowance() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: String| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        write(manifest::FILE.to_owned());
        let half = MOST_FILES / 2;
        FOLDERS.iter().for_each(|below| (0..half).for_each(|number| write(format!("{below}{number}"))));
        assert_eq!(Tree::stack_folder(folder.path()).unwrap().iter().count(), MOST_FILES + 1);
        write(format!("{}one-more", FOLDERS[1]));
        assert!(matches!(Tree::stack_folder(folder.path()), Err(Error::TooManyFiles { .. })));
    }
}
