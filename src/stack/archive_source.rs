//! The files of an archive, before it is known which of them make the stack.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::source::{ArchiveSource, is_plain};
use super::tree::{Allowance, MOST_BYTES};
use super::{Error, Tree, manifest};

/// Names and contents. What is neither file nor folder has no content, and no place in a stack.
#[derive(Default)]
pub(crate) struct Unpacked {
    entries: BTreeMap<String, Option<Vec<u8>>>,
    allowance: Allowance,
}

impl ArchiveSource {
    /// The archive's bytes, if they are those that the digest is of.
    pub(crate) fn hold_to_digest(&self, bytes: &[u8]) -> Result<(), Error> {
        let found = crate::hex::encode(Sha256::digest(bytes));
        match &self.sha256 {
            None => Err(Error::ArchiveUnpinned { path: self.path.clone(), found }),
            Some(expected) if *expected != found => {
                Err(Error::ArchiveOther { path: self.path.clone(), expected: expected.clone(), found })
            }
            Some(_) => Ok(()),
        }
    }

    /// The archive's bytes. No more are read than a stack may have.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Error> {
        let failed = |source| Error::Read { path: (&self.path).into(), source };
        let mut bytes = Vec::new();
        std::fs::File::open(&self.path)
            .map_err(failed)?
            .take(MOST_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(Error::TooManyBytes { most: MOST_BYTES });
        }
        Ok(bytes)
    }
}

impl Unpacked {
    /// Unpack a `.tar.gz` that messages call `place`.
    pub(crate) fn tar_gz(bytes: &[u8], place: &str) -> Result<Self, Error> {
        let failed = |source| Error::Archive { path: place.to_owned(), source };
        let mut unpacked = Self::default();
        let mut archive = tar::Archive::new(MultiGzDecoder::new(bytes));
        for entry in archive.entries().map_err(failed)? {
            let mut entry = entry.map_err(failed)?;
            let Ok(path) = String::from_utf8(entry.path_bytes().into_owned()) else {
                return Err(Error::NameNotText { path: String::from_utf8_lossy(&entry.path_bytes()).as_ref().into() });
            };
            let (kind, size) = (entry.header().entry_type(), entry.size());
            if kind.is_file() {
                unpacked.check(&path, size)?;
                let mut content = Vec::new();
                entry.read_to_end(&mut content).map_err(failed)?;
                unpacked.file(&path, content)?;
            } else if !kind.is_dir() && !kind.is_pax_global_extensions() {
                unpacked.other(&path)?;
            }
        }
        Ok(unpacked)
    }

    /// Is there room for a file of `size` bytes, as its header says? Asked before it is unpacked.
    pub(crate) fn check(&mut self, path: &str, size: u64) -> Result<(), Error> {
        plain(path)?;
        self.allowance.take(size)
    }

    pub(crate) fn file(&mut self, path: &str, content: Vec<u8>) -> Result<(), Error> {
        self.once(plain(path)?, Some(content))
    }

    /// A link, a device, or whatever else archives can hold.
    pub(crate) fn other(&mut self, path: &str) -> Result<(), Error> {
        self.allowance.take(0)?;
        self.once(plain(path)?, None)
    }

    /// Two entries of one name are two archives in one: which of them is meant, no reader can tell from another.
    fn once(&mut self, path: String, content: Option<Vec<u8>>) -> Result<(), Error> {
        match self.entries.insert(path.clone(), content) {
            None => Ok(()),
            Some(_) => Err(Error::EntryTwice { path }),
        }
    }

    /// The stack in it: at the top, or in the one folder that everything is in, as hosts pack a repository.
    pub(crate) fn tree(self, subdirectory: Option<&str>) -> Result<Tree, Error> {
        let inside = subdirectory.map(|folder| format!("{folder}/")).unwrap_or_default();
        let has = |root: &str| self.entries.contains_key(&format!("{root}{}", manifest::FILE));
        let wrapper = self.entries.keys().next().and_then(|path| Some(format!("{}/", path.split_once('/')?.0)));
        let wrapper = wrapper.filter(|folder| self.entries.keys().all(|path| path.starts_with(folder)));
        let root = match wrapper {
            Some(wrapper) if !has(&inside) => wrapper + &inside,
            _ => inside,
        };
        let mut tree = Tree::default();
        for (path, content) in self.entries {
            let Some(below) = path.strip_prefix(&root).filter(|below| Tree::belongs(below)) else { continue };
            match content {
                Some(bytes) => tree.insert(below.to_owned(), bytes),
                None => return Err(Error::LinkInStack { path }),
            }
        }
        Ok(tree)
    }
}

fn plain(path: &str) -> Result<String, Error> {
    let path = path.strip_prefix("./").unwrap_or(path);
    if !is_plain(path) {
        return Err(Error::PathRefused { path: path.to_owned(), why: "it does not stay inside of the archive" });
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar_gz(entries: &[(&str, &str)], links: &[&str]) -> Vec<u8> {
        let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut builder = tar::Builder::new(encoder);
        for (path, text) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            // `set_path` would refuse what strangers write.
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_cksum();
            builder.append(&header, text.as_bytes()).unwrap();
        }
        for path in links {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, path, "/etc/passwd").unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    fn paths(entries: &[(&str, &str)], links: &[&str], subdirectory: Option<&str>) -> Result<Vec<String>, Error> {
        let tree = Unpacked::tar_gz(&tar_gz(entries, links), "x.tar.gz")?.tree(subdirectory)?;
        Ok(tree.iter().map(|(path, _)| path.to_owned()).collect())
    }

    #[test]
    fn a_stack_is_found_where_it_is() {
        let stack = [("stack.toml", ""), ("files/a", ""), ("README.md", "")];
        assert_eq!(paths(&stack, &[], None).unwrap(), ["files/a", "stack.toml"]);
        let dotted = [("./stack.toml", ""), ("./files/a", "")];
        assert_eq!(paths(&dotted, &[], None).unwrap(), ["files/a", "stack.toml"]);
        let wrapped = [("x-1.0/stack.toml", ""), ("x-1.0/files/a", ""), ("x-1.0/README.md", "")];
        assert_eq!(paths(&wrapped, &[], None).unwrap(), ["files/a", "stack.toml"]);
        let deep = [("x-1.0/s/stack.toml", ""), ("x-1.0/s/files/a", ""), ("x-1.0/README.md", "")];
        assert_eq!(paths(&deep, &[], Some("s")).unwrap(), ["files/a", "stack.toml"]);
        assert_eq!(paths(&deep, &[], None).unwrap(), [""; 0]);
    }

    #[test]
    fn what_has_no_place_in_a_stack_is_refused() {
        let stack = [("stack.toml", "")];
        assert!(matches!(paths(&stack, &["files/a"], None), Err(Error::LinkInStack { path }) if path == "files/a"));
        // Beside the stack it does no harm.
        assert_eq!(paths(&stack, &["docs/a"], None).unwrap(), ["stack.toml"]);
        for path in ["../a", "/a", "files/../../a", "files//a"] {
            assert!(matches!(paths(&[(path, "")], &[], None), Err(Error::PathRefused { .. })), "{path}");
        }
    }

    #[test]
    fn one_name_is_one_file() {
        let twice = paths(&[("stack.toml", ""), ("./stack.toml", "x")], &[], None);
        assert!(matches!(twice, Err(Error::EntryTwice { path }) if path == "stack.toml"));
    }

    #[test]
    fn sizes_are_not_believed() {
        let mut unpacked = Unpacked::default();
        assert!(matches!(unpacked.check("a", MOST_BYTES + 1), Err(Error::TooManyBytes { .. })));
        let many = (0..6_000).map(|number| unpacked.check(&format!("files/{number}"), 0));
        assert!(matches!(many.last(), Some(Err(Error::TooManyFiles { .. }))));
        assert!(matches!(Unpacked::tar_gz(b"no gzip", "x"), Err(Error::Archive { .. })));
        let whole = tar_gz(&[("stack.toml", "a line that is long enough to be cut\n")], &[]);
        assert!(matches!(Unpacked::tar_gz(&whole[..whole.len() / 2], "x"), Err(Error::Archive { .. })));
    }

    #[test]
    fn an_archive_is_the_one_that_was_meant() {
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let spec = |sha256: Option<&str>| ArchiveSource {
            path: "x.zip".to_owned(),
            format: super::super::ArchiveFormat::Zip,
            sha256: sha256.map(str::to_owned),
            subdirectory: None,
        };
        spec(Some(digest)).hold_to_digest(b"abc").unwrap();
        let other = spec(Some(digest)).hold_to_digest(b"abd");
        assert!(matches!(other, Err(Error::ArchiveOther { expected, .. }) if expected == digest));
        let unpinned = spec(None).hold_to_digest(b"abc");
        assert!(matches!(unpinned, Err(Error::ArchiveUnpinned { found, .. }) if found == digest));
    }
}
