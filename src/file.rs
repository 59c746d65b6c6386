//! Files that others see: read without waiting, and written beside before they are renamed, so that a killed run
//! leaves the old content or the new.
//!
//! The one door to both. Nothing here opens a FIFO that nobody writes to, replaces what is no file, or goes through a
//! link that stands where we keep something of our own.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use crate::fault::{Exit, Fault};
use crate::mode;

/// Name of the file that makes a folder a project.
pub const PROJECT: &str = "beansprout.toml";

/// An operation on a file that failed, always with its path.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("failed to {doing} `{}`", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("`{}` is {what} and no file: it is not read", path.display())]
    NotAFile { path: PathBuf, what: &'static str },
    #[error("`{}` is {what}: it is not written over", path.display())]
    NotReplaced { path: PathBuf, what: &'static str },
    #[error("failed to make a temporary file or folder")]
    Temporary { source: io::Error },
}

impl Error {
    /// Is the file just not there?
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } => None,
            Self::NotAFile { .. } => Some("put a regular file there, or remove it".to_owned()),
            Self::NotReplaced { .. } => Some("remove it, or name another place".to_owned()),
            Self::Temporary { .. } => Some("`TMPDIR` names the folder for them".to_owned()),
        }
    }
}

/// Gives an I/O error the path that it is about, and what was tried.
pub trait Doing<T> {
    fn doing(self, doing: &'static str, path: impl AsRef<Path>) -> Result<T, Error>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, path: impl AsRef<Path>) -> Result<T, Error> {
        self.map_err(|source| Error::Io { doing, path: path.as_ref().to_owned(), source })
    }
}

/// The bytes of a regular file; links to one are followed.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let (mut file, metadata) = open(path)?;
    let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    file.read_to_end(&mut content).doing("read", path)?;
    Ok(content)
}

/// The text of a regular file.
pub fn read_text(path: &Path) -> Result<String, Error> {
    let broken = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text");
    String::from_utf8(read(path)?).map_err(broken).doing("read", path)
}

/// The bytes of a regular file, if there is one.
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a regular file for reading. A FIFO without a writer does not hold us up.
pub fn open(path: &Path) -> Result<(File, Metadata), Error> {
    let mut options = OpenOptions::new();
    let file = mode::without_waiting(options.read(true)).open(path).doing("read", path)?;
    let metadata = file.metadata().doing("read", path)?;
    match kind(&metadata) {
        None => Ok((file, metadata)),
        Some(what) => Err(Error::NotAFile { path: path.to_owned(), what }),
    }
}

/// Permissions of a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMode {
    /// That of the file which is replaced; of a new one what the umask leaves of 0666.
    Kept,
    /// 0600: its owner's alone, from the first moment.
    Private,
    /// Exactly this, whatever the umask says.
    Exactly(u32),
}

/// Whose path it is that is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// By the person who runs us: a link leads to the file that is replaced, and a device or FIFO is written into.
    ByTheUser,
    /// By us: whatever else stands there was put there by somebody, and is left alone.
    ByUs,
}

/// Survival of a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The content and its name are on the disk when the write is done.
    Synced,
    /// The system's own time. For what can be made again.
    Unsynced,
}

/// Writes a whole file, or leaves what was there as it was.
pub fn write(
    path: &Path,
    content: &[u8],
    named: Named,
    file_mode: FileMode,
    durability: Durability,
) -> Result<(), Error> {
    match target(path, named)? {
        Target::File(path, existing) => write_beside(&path, content, file_mode, durability, existing.as_ref()),
        Target::Stream => {
            let mut file = OpenOptions::new().write(true).open(path).doing("write", path)?;
            file.write_all(content).doing("write", path)
        }
    }
}

/// A file that is written again: our state, a plan, a page. By us, with the mode that it has.
pub fn write_own(path: &Path, content: &[u8]) -> Result<(), Error> {
    write(path, content, Named::ByUs, FileMode::Kept, Durability::Unsynced)
}

/// A file that somebody named on the command line.
pub fn write_named(path: &Path, content: &[u8]) -> Result<(), Error> {
    write(path, content, Named::ByTheUser, FileMode::Kept, Durability::Unsynced)
}

/// Where a write goes.
enum Target {
    /// A file, there already or not.
    File(PathBuf, Option<Metadata>),
    /// Something that takes bytes as they come.
    Stream,
}

/// More links than this lead in a circle.
const LINKS: usize = 40;

fn target(path: &Path, named: Named) -> Result<Target, Error> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let metadata = match path.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Target::File(path, None)),
            Err(source) => return Err(Error::Io { doing: "write", path, source }),
        };
        let refused = |what| Err(Error::NotReplaced { path: path.clone(), what });
        if metadata.is_symlink() {
            if named == Named::ByUs {
                return refused("a link");
            }
            // The system's own names for open files are links to no path: only following them tells.
            if let Ok(behind) = path.metadata()
                && !behind.is_file()
                && !behind.is_dir()
            {
                return Ok(Target::Stream);
            }
            let to = fs::read_link(&path).doing("read", &path)?;
            path = folder_of(&path).join(to);
            continue;
        }
        return match kind(&metadata) {
            None => Ok(Target::File(path, Some(metadata))),
            Some(what) if metadata.is_dir() || named == Named::ByUs => refused(what),
            Some(_) => Ok(Target::Stream),
        };
    }
    Err(Error::NotReplaced { path, what: "a link that leads in a circle" })
}

/// What it is, if it is no regular file.
fn kind(metadata: &Metadata) -> Option<&'static str> {
    if metadata.is_file() {
        None
    } else if metadata.is_dir() {
        Some("a folder")
    } else {
        Some("a device, a FIFO or a socket")
    }
}

/// Prefix and ending of a file that is not finished. Whoever sweeps a folder knows them by these.
pub const PART: (&str, &str) = (".beansprout-", ".part");

fn write_beside(
    path: &Path,
    content: &[u8],
    file_mode: FileMode,
    durability: Durability,
    existing: Option<&Metadata>,
) -> Result<(), Error> {
    let folder = folder_of(path);
    let mut file = beside(folder, file_mode).doing("write", path)?;
    file.write_all(content).doing("write", path)?;
    match file_mode {
        FileMode::Private => {}
        FileMode::Exactly(bits) => mode::set_open(file.as_file(), bits).doing("write", path)?,
        FileMode::Kept => {
            if let Some(existing) = existing {
                file.as_file().set_permissions(existing.permissions()).doing("write", path)?;
            }
        }
    }
    if durability == Durability::Synced {
        file.as_file().sync_all().doing("write", path)?;
    }
    file.persist(path).map_err(|error| error.error).doing("write", path)?;
    match durability {
        Durability::Synced => sync_folder(folder),
        Durability::Unsynced => Ok(()),
    }
}

/// A file beside the one that it will become.
fn beside(folder: &Path, file_mode: FileMode) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PART.0).suffix(PART.1);
    if file_mode != FileMode::Private
        && let Some(permissions) = mode::permissions(0o666)
    {
        // The umask has its say, as with any new file, instead of the 0600 of temporary files.
        builder.permissions(permissions);
    }
    builder.tempfile_in(folder)
}

/// Puts the names of a folder on the disk. Windows opens no folders, and keeps their names safe by itself.
pub fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).map_or(Ok(()), |folder| folder.sync_all()).doing("write to", folder)
}

/// The folder that a path is in: `.` for a bare name.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A path of our own below `root`: every folder on the way is one, and no link.
pub fn inside(root: &Path, relative: &Path) -> Result<PathBuf, Error> {
    let mut path = root.to_owned();
    for part in relative.components() {
        path.push(part);
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() => return Err(Error::NotReplaced { path, what: "a link" }),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Io { doing: "look at", path, source }),
        }
    }
    Ok(path)
}

/// Makes a folder and those that it is in.
pub fn make_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).doing("make the folder", path)
}

/// A file that has no name and is gone when it is closed.
pub fn temporary() -> Result<File, Error> {
    tempfile::tempfile().map_err(|source| Error::Temporary { source })
}

/// A folder that is gone when it is dropped.
pub fn temporary_folder() -> Result<TempDir, Error> {
    tempfile::tempdir().map_err(|source| Error::Temporary { source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(path: &Path) -> Option<u32> {
        mode::of(&path.metadata().unwrap())
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_with_the_mode_that_was_asked_for() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x");
        let write = |mode, durability| write(&path, b"new", Named::ByUs, mode, durability).unwrap();
        write(FileMode::Exactly(0o640), Durability::Synced);
        assert_eq!(mode_of(&path), mode::KNOWN.then_some(0o640));
        write(FileMode::Kept, Durability::Unsynced);
        assert_eq!(mode_of(&path), mode::KNOWN.then_some(0o640));
        write(FileMode::Private, Durability::Unsynced);
        assert_eq!(mode_of(&path), mode::KNOWN.then_some(0o600));
        assert_eq!(read_text(&path).unwrap(), "new");
        assert_eq!(names(temp.path()), ["x"]);
    }

    #[test]
    fn the_mode_of_a_new_file_is_that_of_any_new_file() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("usual"), "").unwrap();
        write_named(&temp.path().join("ours"), b"").unwrap();
        assert_eq!(mode_of(&temp.path().join("ours")), mode_of(&temp.path().join("usual")));
    }

    #[test]
    fn a_link_leads_the_person_and_stops_us() {
        let temp = tempfile::tempdir().unwrap();
        let (real, link) = (temp.path().join("real"), temp.path().join("link"));
        fs::write(&real, "old").unwrap();
        mode::link("real", &link).unwrap();
        if !mode::KNOWN {
            return;
        }
        assert!(matches!(write_own(&link, b"x"), Err(Error::NotReplaced { what: "a link", .. })));
        assert_eq!(fs::read_to_string(&real).unwrap(), "old");
        write_named(&link, b"new").unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert!(link.symlink_metadata().unwrap().is_symlink());
        // A link to what is not there yet.
        mode::link("later", &temp.path().join("dangling")).unwrap();
        write_named(&temp.path().join("dangling"), b"new").unwrap();
        assert_eq!(fs::read_to_string(temp.path().join("later")).unwrap(), "new");
        mode::link("circle", &temp.path().join("circle")).unwrap();
        assert!(matches!(write_named(&temp.path().join("circle"), b""), Err(Error::NotReplaced { .. })));
        assert!(matches!(inside(temp.path(), Path::new("link/x")), Err(Error::NotReplaced { .. })));
        assert_eq!(inside(temp.path(), Path::new("a/b")).unwrap(), temp.path().join("a/b"));
    }

    #[test]
    fn a_folder_is_neither_read_nor_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("folder");
        fs::create_dir(&folder).unwrap();
        assert!(read(&folder).is_err());
        for named in [Named::ByUs, Named::ByTheUser] {
            let written = write(&folder, b"", named, FileMode::Kept, Durability::Unsynced);
            assert!(matches!(written, Err(Error::NotReplaced { what: "a folder", .. })), "{written:?}");
        }
    }

    #[test]
    fn a_fifo_holds_nobody_up_and_stays_one() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("fifo");
        if !std::process::Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()) {
            return;
        }
        assert!(matches!(read(&path), Err(Error::NotAFile { .. })));
        assert!(matches!(write_own(&path, b""), Err(Error::NotReplaced { .. })));
        let reader = std::thread::spawn({
            let path = path.clone();
            move || fs::read(path).unwrap()
        });
        write_named(&path, b"through").unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        assert!(!path.symlink_metadata().unwrap().is_file());
    }

    #[test]
    fn what_is_not_there_is_told_apart_from_what_cannot_be_read() {
        let temp = tempfile::tempdir().unwrap();
        assert_eq!(read_if_there(&temp.path().join("none")).unwrap(), None);
        assert!(read_if_there(temp.path()).is_err());
        fs::write(temp.path().join("latin"), b"\xe9").unwrap();
        let error = read_text(&temp.path().join("latin")).unwrap_err();
        assert!(error.to_string().contains("latin"), "{error}");
    }
}
