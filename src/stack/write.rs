//! Putting a plan on disk: everything, or nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::{Error, Plan, Planned, TargetPath};
use crate::file::{self, Doing, Durability, FileMode, Named};
use crate::mode;
use crate::world::Interrupt;

/// Fill `target`, which must not exist or be empty.
///
/// The files are written into a folder beside it (or inside it, when it exists) and moved into place by renaming, so a
/// run that fails or is stopped leaves the disk as it was.
pub(crate) fn create(plan: &Plan, target: &Path, interrupt: &Interrupt) -> Result<(), Error> {
    check_empty(target)?;
    let exists = target.is_dir();
    let (parent, made) = if exists {
        (target.to_owned(), Vec::new())
    } else {
        let parent = target.parent().unwrap_or(Path::new("/"));
        (parent.to_owned(), make_folders(parent)?)
    };
    let undo = Undo(made);
    let staging = file::temporary_folder_in(&parent, ".beansprout-new-")?;
    let half_written = staging.path().to_owned();
    let _guard = interrupt.guard(move || {
        let _ = fs::remove_dir_all(half_written);
    });
    for (path, planned) in plan.iter() {
        write(staging.path(), path, &planned.content, planned.mode())?;
    }
    if exists {
        move_contents(staging.path(), target)?;
    } else {
        readable(staging.path())?;
        file::rename(staging.path(), target)?;
        // Renamed: nothing is left for it to delete.
        let _ = staging.keep();
    }
    undo.disarm();
    Ok(())
}

/// A folder that does not exist, or holds nothing.
pub(crate) fn check_empty(target: &Path) -> Result<(), Error> {
    let mut entries = match fs::read_dir(target) {
        Ok(entries) => entries,
        // What the error is called depends on the system.
        Err(_) if target.is_file() => return Err(Error::TargetNotFolder { path: target.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::Read { path: target.to_owned(), source }),
    };
    match entries.next() {
        None => Ok(()),
        Some(Ok(entry)) => {
            let found = entry.file_name().to_string_lossy().into_owned();
            Err(Error::TargetNotEmpty { path: target.to_owned(), found })
        }
        Some(Err(source)) => Err(Error::Read { path: target.to_owned(), source }),
    }
}

/// Relation of a planned file to the one on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Change {
    New,
    Same,
    /// It is as a stack wrote it, and gets another text.
    Changed,
    Other,
}

pub(crate) fn change(root: &Path, path: &TargetPath, planned: &Planned) -> Result<Change, Error> {
    let at = path.below_without_links(root)?;
    Ok(match on_disk(&at)? {
        Some(content) if content == planned.content => Change::Same,
        Some(_) => Change::Other,
        None => Change::New,
    })
}

/// The content of a file of the project, if there is one. What is no file is refused: nothing is written over it.
pub(super) fn on_disk(at: &Path) -> Result<Option<Vec<u8>>, Error> {
    match file::read(at) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.is_not_found() => Ok(None),
        // A file stands where a folder was.
        Err(file::Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Write files over what they were when the plan was made, or where nothing was: all of them, or none.
pub(crate) fn put(
    files: &[(&TargetPath, Option<&[u8]>, &Planned)],
    root: &Path,
    interrupt: &Interrupt,
) -> Result<(), Error> {
    let undo = Arc::new(Mutex::new(Replaced::default()));
    let take_back = {
        let undo = Arc::clone(&undo);
        move || undo.lock().unwrap_or_else(PoisonError::into_inner).take_back()
    };
    let _guard = interrupt.guard(take_back.clone());
    let outcome = files.iter().try_for_each(|(path, before, planned)| {
        let at = path.below_without_links(root)?;
        let found = on_disk(&at)?;
        if found.as_deref() != *before {
            return Err(Error::ChangedMeanwhile { path: at });
        }
        // What exists keeps its mode.
        let was = found.is_some().then(|| at.metadata().ok()).flatten();
        let mode = was.and_then(|metadata| mode::of(&metadata)).unwrap_or(planned.mode());
        undo.lock().unwrap_or_else(PoisonError::into_inner).note(root, at, found.map(|content| Was { content, mode }));
        write(root, path, &planned.content, mode)
    });
    if outcome.is_err() {
        take_back();
    }
    outcome
}

/// A file as it was.
struct Was {
    content: Vec<u8>,
    mode: u32,
}

/// Former content of files that were written over.
#[derive(Default)]
struct Replaced {
    files: Vec<(PathBuf, Option<Was>)>,
    /// Folders that did not exist, the outermost first.
    folders: Vec<PathBuf>,
}

impl Replaced {
    fn note(&mut self, root: &Path, path: PathBuf, before: Option<Was>) {
        let parents = path.ancestors().skip(1).take_while(|dir| dir.starts_with(root));
        let mut missing: Vec<PathBuf> = parents.filter(|dir| !dir.exists()).map(Path::to_owned).collect();
        missing.reverse();
        self.folders.append(&mut missing);
        self.files.push((path, before));
    }

    fn take_back(&mut self) {
        for (path, before) in self.files.drain(..).rev() {
            match before {
                // Whatever fails here, the others should still be put right.
                None => drop(fs::remove_file(path)),
                Some(Was { content, mode }) => {
                    let _ = write_at(&path, &content, mode);
                }
            }
        }
        for folder in self.folders.drain(..).rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Write one file below `root`, beside its place first.
pub(crate) fn write(root: &Path, path: &TargetPath, content: &[u8], mode: u32) -> Result<(), Error> {
    let to = path.below_without_links(root)?;
    file::make_folder(file::folder_of(&to))?;
    Ok(write_at(&to, content, mode)?)
}

fn write_at(to: &Path, content: &[u8], mode: u32) -> Result<(), file::Error> {
    file::write(to, content, Named::ByUs, FileMode::Exactly(mode), Durability::Unsynced)
}

/// A temporary folder is its owner's alone; a project is an ordinary folder.
fn readable(folder: &Path) -> Result<(), Error> {
    Ok(mode::set(folder, 0o755).doing("write to", folder)?)
}

/// Make the missing folders down to `path` and tell which, deepest first.
fn make_folders(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let missing: Vec<PathBuf> = path.ancestors().take_while(|dir| !dir.exists()).map(Path::to_owned).collect();
    file::make_folder(path)?;
    Ok(missing)
}

fn move_contents(from: &Path, to: &Path) -> Result<(), Error> {
    let mut moved: Vec<PathBuf> = Vec::new();
    let step = |moved: &mut Vec<PathBuf>| -> Result<(), file::Error> {
        for entry in fs::read_dir(from).doing("read", from)? {
            let entry = entry.doing("read", from)?;
            let place = to.join(entry.file_name());
            file::rename(&entry.path(), &place)?;
            moved.push(place);
        }
        Ok(())
    };
    let outcome = step(&mut moved);
    if outcome.is_err() {
        for place in &moved {
            let _ = if place.is_dir() { fs::remove_dir_all(place) } else { fs::remove_file(place) };
        }
    }
    Ok(outcome?)
}

/// Folders that were made on the way and go again if the rest fails.
struct Undo(Vec<PathBuf>);

impl Undo {
    fn disarm(mut self) {
        self.0.clear();
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        for folder in &self.0 {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(paths: &[&str]) -> Plan {
        let mut plan = Plan::default();
        for path in paths {
            let planned = Planned { content: path.as_bytes().to_vec(), executable: path.ends_with(".sh") };
            plan.add(TargetPath::parse(path).unwrap(), planned).unwrap();
        }
        plan
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_folder_appears_whole() {
        let temp = tempfile::tempdir().unwrap();
        let target = temp.path().join("deep/site");
        create(&plan(&["a.sh", "b/c"]), &target, &Interrupt::default()).unwrap();
        assert_eq!(names(&target), ["a.sh", "b"]);
        assert_eq!(fs::read_to_string(target.join("b/c")).unwrap(), "b/c");
        assert_eq!(names(&temp.path().join("deep")), ["site"]);
    }

    #[test]
    fn an_empty_folder_is_filled() {
        let temp = tempfile::tempdir().unwrap();
        create(&plan(&["a", "b/c"]), temp.path(), &Interrupt::default()).unwrap();
        assert_eq!(names(temp.path()), ["a", "b"]);
    }

    #[test]
    fn modes_do_not_depend_on_the_umask() {
        let temp = tempfile::tempdir().unwrap();
        let target = temp.path().join("site");
        create(&plan(&["a", "a.sh"]), &target, &Interrupt::default()).unwrap();
        let mode = |path: &Path| mode::of(&fs::metadata(path).unwrap());
        let modes = [mode(&target), mode(&target.join("a")), mode(&target.join("a.sh"))];
        assert_eq!(modes, [0o755, 0o644, 0o755].map(|mode| mode::KNOWN.then_some(mode)));
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let temp = tempfile::tempdir().unwrap();
        // A name that no file system takes.
        let long = "x".repeat(300);
        let target = temp.path().join("made/on/the/way");
        create(&plan(&["a", &long]), &target, &Interrupt::default()).unwrap_err();
        assert_eq!(names(temp.path()), [""; 0]);
        create(&plan(&["a", &long]), temp.path(), &Interrupt::default()).unwrap_err();
        assert_eq!(names(temp.path()), [""; 0]);
    }

    #[test]
    fn what_was_written_over_comes_back_if_the_rest_fails() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("a"), "before").unwrap();
        let planned = Planned { content: b"after".to_vec(), executable: false };
        let path = |text: &str| TargetPath::parse(text).unwrap();
        let (a, new, taken) = (path("a"), path("deep/new"), path("taken"));
        let put = |files: &[(&TargetPath, Option<&[u8]>, &Planned)]| put(files, temp.path(), &Interrupt::default());
        // The last one is not what it was when the plan was made.
        let error = put(&[(&a, Some(b"before"), &planned), (&new, None, &planned), (&taken, Some(b"x"), &planned)]);
        assert!(matches!(error, Err(Error::ChangedMeanwhile { .. })), "{error:?}");
        assert_eq!(names(temp.path()), ["a"]);
        assert_eq!(fs::read(temp.path().join("a")).unwrap(), b"before");
        put(&[(&a, Some(b"before"), &planned), (&new, None, &planned)]).unwrap();
        assert_eq!(fs::read(temp.path().join("a")).unwrap(), b"after");
        assert_eq!(names(&temp.path().join("deep")), ["new"]);
    }

    #[test]
    fn a_full_folder_or_a_file_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("x"), "").unwrap();
        let full = create(&plan(&["a"]), temp.path(), &Interrupt::default());
        assert!(matches!(full, Err(Error::TargetNotEmpty { found, .. }) if found == "x"));
        let file = create(&plan(&["a"]), &temp.path().join("x"), &Interrupt::default());
        assert!(matches!(file, Err(Error::TargetNotFolder { .. })));
        assert_eq!(names(temp.path()), ["x"]);
    }

    #[test]
    fn links_are_not_followed() {
        let temp = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        mode::link(&outside.path().to_string_lossy(), &temp.path().join("app")).unwrap();
        let path = TargetPath::parse("app/evil").unwrap();
        let written = write(temp.path(), &path, b"", 0o644);
        match mode::KNOWN {
            true => assert!(matches!(written, Err(Error::LinkInTarget { .. })), "{written:?}"),
            // A file stands for the link: there is nothing to follow, and nothing below it.
            false => assert!(matches!(written, Err(Error::File(_))), "{written:?}"),
        }
        assert_eq!(names(outside.path()), [""; 0]);
    }
}
