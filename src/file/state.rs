//! The folder of a project's machine state, which a clone or an archive may have brought along.
//!
//! Whatever stands in it may have been put there by somebody. So a path in it is given out only after each part of it was
//! looked at: a folder where a folder has to be, a regular file or nothing where a file has to be, and never a link.
//! Whoever can change the folder while we run can do all that we can; that is not covered.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Doing, Error, kind};
use crate::mode;

/// Name of the folder.
pub const STATE: &str = ".beansprout";

/// What git is told of the folder: nothing in it is anybody's source, whatever the project's own `.gitignore` says.
const HIDDEN: (&str, &str) = (".gitignore", "*\n");

/// Machine state of one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFolder {
    root: PathBuf,
}

impl StateFolder {
    /// That of the project at `root`, there already or not.
    pub fn of(root: &Path) -> Result<Self, Error> {
        let state = Self { root: root.to_owned() };
        state.look("", true)?;
        Ok(state)
    }

    /// Where the folder is.
    pub fn path(&self) -> PathBuf {
        self.root.join(STATE)
    }

    /// Where a file of ours is, or would be.
    pub fn file(&self, name: &str) -> Result<PathBuf, Error> {
        self.look(name, false)
    }

    /// Where a folder of ours is, or would be.
    pub fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        self.look(name, true)
    }

    /// A folder of ours, made if need be.
    pub fn make(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.folder(name)?;
        if !path.is_dir() {
            super::make_folder(&path)?;
        }
        let hidden = self.file(HIDDEN.0)?;
        if !hidden.exists() {
            super::write_own(&hidden, HIDDEN.1.as_bytes())?;
        }
        Ok(path)
    }

    /// Removes a folder of ours with all that is in it, following nothing.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.folder(name)?;
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).doing("remove", path),
            _ => Ok(()),
        }
    }

    fn look(&self, name: &str, is_folder: bool) -> Result<PathBuf, Error> {
        let mut path = self.path();
        let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
        for index in 0..=parts.len() {
            if index > 0 {
                path.push(parts[index - 1]);
            }
            let metadata = match path.symlink_metadata() {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(Error::Io { doing: "look at", path, source }),
            };
            let wants_folder = index < parts.len() || is_folder;
            let wrong = match kind(&metadata) {
                _ if metadata.is_symlink() => Some("a link"),
                _ if wants_folder && metadata.is_dir() => None,
                None if wants_folder => Some("a file"),
                what => what,
            };
            if let Some(what) = wrong {
                return Err(Error::NotOurs { path, what });
            }
        }
        Ok(path)
    }
}

/// Refuses a folder of ours with a link anywhere in it, for whoever makes paths in it from names of others.
pub fn refuse_links(folder: &Path) -> Result<(), Error> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).doing("read", &folder)? {
            let entry = entry.doing("read", &folder)?;
            let found = entry.file_type().doing("look at", entry.path())?;
            if found.is_dir() {
                folders.push(entry.path());
            } else if !found.is_file() {
                let what = if found.is_symlink() { "a link" } else { "a device, a FIFO or a socket" };
                return Err(Error::NotOurs { path: entry.path(), what });
            }
        }
    }
    Ok(())
}

/// A regular file of ours that stays open: a lock, a record. Made if need be, and never one behind a link.
pub fn open_own(path: &Path, options: &mut OpenOptions) -> Result<File, Error> {
    let file = mode::without_following(options.create(true)).open(path);
    let file = file.map_err(|error| {
        let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        let owned = path.to_owned();
        if is_link {
            Error::NotOurs { path: owned, what: "a link" }
        } else {
            Error::Io { doing: "open", path: owned, source: error }
        }
    })?;
    match kind(&file.metadata().doing("look at", path)?) {
        None => Ok(file),
        Some(what) => Err(Error::NotOurs { path: path.to_owned(), what }),
    }
}

/// One line more in a record of ours.
pub fn append_own(path: &Path, line: &[u8]) -> Result<(), Error> {
    // One write per line: two runs at once don't mix their words.
    open_own(path, OpenOptions::new().append(true))?.write_all(line).doing("write", path)
}
