//! A folder on disk, or what ships of one, as the value that [`crate::beanstalk`] reasons over.
//!
//! Holds every name and only the contents that [`Tree::reads`] asks for. Links are recorded, never followed.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::beanstalk::tree::{Entry, Tree};
use crate::bundle::{self, Plan, Shape};
use crate::fault::{Exit, Fault};
use crate::mode;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }
}

/// Everything below `root` but what `skip` names, each by its path in the tree.
///
/// Names that are not UTF-8 are left out: Elastic Beanstalk looks for none of them.
pub fn read(root: &Path, skip: impl Fn(&str) -> bool) -> Result<Tree, Error> {
    let mut tree = Tree::default();
    let mut left = vec![(root.to_owned(), String::new())];
    while let Some((dir, prefix)) = left.pop() {
        let failed = |source| Error::Read { path: dir.clone(), source };
        for entry in std::fs::read_dir(&dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = format!("{prefix}{name}");
            if skip(&path) {
                continue;
            }
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                left.push((entry.path(), format!("{path}/")));
            }
            if let Some(value) = self::entry(&entry.path(), &path, kind)? {
                tree.insert(path, value);
            }
        }
    }
    Ok(tree)
}

/// What ships, from whatever source, and those of `beside` that the folder has and no bundle holds.
///
/// A folder has no entry of its own in a bundle. One that is named like a file which Elastic Beanstalk reads gets one here:
/// it deserves a look.
pub fn shipped(plan: &Plan, root: &Path, beside: &[&str]) -> Result<Tree, bundle::Error> {
    /// Longer than what people write by hand.
    const MAX_CODE: u64 = 300_000;
    let is_code = |path: &str, bytes: u64| bytes <= MAX_CODE && Tree::is_code(path);
    let reads = |path: &str, bytes: u64| bytes <= Tree::MAX_READ && Tree::reads(path);
    let mut tree = Tree::default();
    for (path, mut shape) in plan.tree(|path, bytes| reads(path, bytes) || is_code(path, bytes))? {
        let path = path.as_str();
        if let Shape::File { content, bytes, .. } = &mut shape
            && !reads(path, *bytes)
            && let Some(content) = content.take()
        {
            tree.insert_code(path, content);
        }
        tree.insert(path, Entry::from(shape));
    }
    for path in beside {
        if tree.get(path).is_none()
            && let Ok(Some(entry)) = file(root, path)
        {
            tree.insert(*path, entry);
        }
    }
    let folders: BTreeSet<String> =
        tree.iter().filter_map(|(path, _)| path.rsplit_once('/')).map(|(folder, _)| folder.to_owned()).collect();
    for folder in folders.into_iter().filter(|folder| folder.ends_with(".config")) {
        tree.insert(folder, Entry::Directory);
    }
    Ok(tree)
}

impl From<Shape> for Entry {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Link { target } => Self::Link { target },
            Shape::File { executable, bytes, content } => {
                // Where the disk does not tell, there is nothing to find fault with: in a bundle, hooks and scripts are.
                Self::File { executable: executable || !mode::KNOWN, bytes, content }
            }
        }
    }
}

/// One entry of a folder by its path in the tree, if it is there.
fn file(root: &Path, path: &str) -> Result<Option<Entry>, Error> {
    let on_disk = root.join(path);
    match on_disk.symlink_metadata() {
        Ok(metadata) => entry(&on_disk, path, metadata.file_type()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read { path: on_disk, source }),
    }
}

fn entry(on_disk: &Path, path: &str, kind: std::fs::FileType) -> Result<Option<Entry>, Error> {
    let failed = |source| Error::Read { path: on_disk.to_owned(), source };
    if kind.is_dir() {
        return Ok(Some(Entry::Directory));
    }
    if kind.is_symlink() {
        let target = std::fs::read_link(on_disk).map_err(failed)?;
        return Ok(Some(Entry::Link { target: target.to_string_lossy().into_owned() }));
    }
    if !kind.is_file() {
        return Ok(None);
    }
    let wanted = Tree::reads(path);
    let metadata = on_disk.metadata().map_err(failed)?;
    let bytes = metadata.len();
    let content = match wanted && bytes <= Tree::MAX_READ {
        true => Some(std::fs::read(on_disk).map_err(failed)?),
        false => None,
    };
    // Where the disk does not tell, there is nothing to find fault with: in a bundle, hooks and scripts are executable.
    let executable = !mode::KNOWN || mode::is_executable(&metadata);
    Ok(Some(Entry::File { executable, bytes, content }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_and_contents_of_some() {
        let temp = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = temp.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        };
        ["Procfile", "app/views.py", ".git/HEAD"].into_iter().for_each(write);
        std::fs::create_dir(temp.path().join("x.config")).unwrap();
        mode::link("/etc", &temp.path().join("link")).unwrap();
        let tree = read(temp.path(), |path| path == ".git").unwrap();
        let paths: Vec<_> = tree.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["Procfile", "app", "app/views.py", "link", "x.config"]);
        assert_eq!(tree.content("Procfile"), Some(&b"x"[..]));
        assert_eq!(tree.content("app/views.py"), None);
        if mode::KNOWN {
            assert_eq!(tree.get("link"), Some(&Entry::Link { target: "/etc".to_owned() }));
        }
    }
}
