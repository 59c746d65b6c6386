//! The state's file: locked, versioned, and replaced as a whole, so that a killed sandbox leaves the old state or the new.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::Error;
use super::state::{State, VERSION};
use crate::bundle::Stamp;
use crate::file::{self, Durability, FileMode, Named};

const FILE: &str = "state.json";
const LOCK: &str = "state.lock";

pub(super) struct Store {
    dir: PathBuf,
    /// State at the last look, and which file that was.
    known: Mutex<Option<(Stamp, State)>>,
}

impl Store {
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(|source| Error::Write { path: dir.to_owned(), source })?;
        let store = Self { dir: dir.to_owned(), known: Mutex::new(None) };
        // A state that cannot be used is said at the start, not at the first call.
        store.look(|_| ())?;
        Ok(store)
    }

    /// Look at the state, which nobody changes meanwhile, in this process or another.
    pub(super) fn look<T>(&self, at: impl FnOnce(&State) -> T) -> Result<T, Error> {
        let _lock = lock(&self.dir.join(LOCK))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (stamp, state) = self.state(known.take())?;
        let result = at(&state);
        *known = stamp.map(|stamp| (stamp, state));
        Ok(result)
    }

    /// Look at the state, and change it. Nobody else does so meanwhile, in this process or another.
    pub(super) fn update<T>(&self, act: impl FnOnce(&mut State) -> T) -> Result<T, Error> {
        let _lock = lock(&self.dir.join(LOCK))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, before) = self.state(known.take())?;
        let mut state = before.clone();
        let result = act(&mut state);
        if state != before {
            self.save(&state)?;
        }
        *known = self.stamp()?.map(|stamp| (stamp, state));
        Ok(result)
    }

    /// The state, of which something may be known, and the file that it is from.
    fn state(&self, known: Option<(Stamp, State)>) -> Result<(Option<Stamp>, State), Error> {
        let stamp = self.stamp()?;
        let state = match (known, stamp) {
            (Some((seen, state)), Some(now)) if seen == now && Stamp::IS_CERTAIN => state,
            (_, Some(_)) => self.load()?,
            (_, None) => State::default(),
        };
        Ok((stamp, state))
    }

    fn stamp(&self) -> Result<Option<Stamp>, Error> {
        let path = self.dir.join(FILE);
        match fs::metadata(&path) {
            Ok(meta) => Ok(Some(Stamp::of(&meta))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    fn load(&self) -> Result<State, Error> {
        #[derive(Deserialize)]
        struct Head {
            version: u64,
        }
        let path = self.dir.join(FILE);
        let text = fs::read(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let broken = |source| Error::Broken { path: path.clone(), source };
        let head: Head = serde_json::from_slice(&text).map_err(broken)?;
        if head.version > VERSION {
            return Err(Error::Newer { path, found: head.version, known: VERSION });
        }
        serde_json::from_slice(&text).map_err(broken)
    }

    fn save(&self, state: &State) -> Result<(), Error> {
        let text = serde_json::to_vec(state).expect("the state has text keys");
        write(&self.dir.join(FILE), &text)
    }
}

/// The state as it is now, for those who only look. The file is always whole, so no lock is needed.
pub(super) fn peek(dir: &Path) -> Option<State> {
    serde_json::from_slice(&fs::read(dir.join(FILE)).ok()?).ok()
}

/// Wait until nobody else holds the lock of this file. It is free again when the file is dropped, or its process dies.
pub(super) fn lock(path: &Path) -> Result<File, Error> {
    let wrap = |source| Error::Write { path: path.to_owned(), source };
    // Windows locks no file that can only be appended to.
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(wrap)?;
    file.lock().map_err(wrap)?;
    Ok(file)
}

/// Replace a file of the sandbox: readers see the old content or the new, even after a power cut.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    file::write(path, content, Named::ByUs, FileMode::Private, Durability::Synced).map_err(|error| Error::Write {
        path: path.to_owned(),
        source: match error {
            file::Error::Io { source, .. } => source,
            other => std::io::Error::other(other),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_stores_see_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let one = Store::open(dir.path()).unwrap();
        let two = Store::open(dir.path()).unwrap();
        one.update(|state| state.regions.entry("a".to_owned()).or_default().events.clear()).unwrap();
        two.update(|state| state.regions.entry("b".to_owned()).or_default().events.clear()).unwrap();
        let names = one.update(|state| state.regions.keys().cloned().collect::<Vec<_>>()).unwrap();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn nothing_is_written_for_a_look() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.look(|state| state.regions.len()).unwrap();
        assert!(!dir.path().join(FILE).exists());
    }

    #[test]
    fn a_newer_state_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let text = r#"{"version": 99, "regions": "in a form of the future"}"#;
        fs::write(dir.path().join(FILE), text).unwrap();
        assert!(matches!(Store::open(dir.path()), Err(Error::Newer { found: 99, known: VERSION, .. })));
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), text);
    }

    #[test]
    fn rubbish_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "{").unwrap();
        assert!(matches!(Store::open(dir.path()), Err(Error::Broken { .. })));
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), "{");
    }
}
