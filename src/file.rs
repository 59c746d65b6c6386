//! Files that others see: read without waiting, and written beside before they are renamed, so that a killed run
//! leaves the old content or the new.
//!
//! The one door to both. Nothing here opens a FIFO that nobody writes to, replaces what is no file, or goes through a
//! link that stands where we keep something of our own.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::fault::{Exit, Fault};
use crate::mode;
use crate::world::real_path;

mod draft;
mod state;

pub use draft::{Draft, PART, Target, refuse_unwritable, sweep};
pub use state::{STATE, StateFolder, append_own, open_own, refuse_links};

/// Name of the file that makes a folder a project.
pub const PROJECT: &str = "beansprout.toml";

const FOLDER: &str = "a folder";

/// An operation on a file that failed, always with its path.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("failed to {doing} `{}`", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("`{}` is {what} and no file: it is not read", path.display())]
    NotAFile { path: PathBuf, what: &'static str },
    #[error("`{}` is {what}: it is not written over", path.display())]
    NotReplaced { path: PathBuf, what: &'static str },
    #[error("`{}` is asked for twice: what is written last would replace the other", path.display())]
    Twice { path: PathBuf },
    #[error("`{}` is {what}, where beansprout keeps something of its own", path.display())]
    NotOurs { path: PathBuf, what: &'static str },
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
        match self {
            Self::Twice { .. } => Exit::Usage,
            _ => Exit::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Io { doing: "write", path, source } if source.kind() == io::ErrorKind::NotFound => {
                Some(format!("make the folder `{}` first", folder_of(path).display()))
            }
            Self::Io { .. } => None,
            Self::NotAFile { .. } => Some("put a regular file there, or remove it".to_owned()),
            Self::NotReplaced { what: FOLDER, .. } => Some("name a file: one in it, or elsewhere".to_owned()),
            Self::NotReplaced { .. } => Some("remove it, or name another place".to_owned()),
            Self::Twice { .. } => Some("give each a file of its own".to_owned()),
            Self::NotOurs { .. } => Some("see what it is, and remove it: nothing is written through it".to_owned()),
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
    let target = Target::of(path, named)?;
    let mut draft = Draft::of(&target, file_mode)?;
    draft.file.write_all(content).doing("write", path)?;
    draft.keep(&target, file_mode, durability)
}

/// A file that is written again: our state, a plan, a page. By us, with the mode that it has.
pub fn write_own(path: &Path, content: &[u8]) -> Result<(), Error> {
    write(path, content, Named::ByUs, FileMode::Kept, Durability::Unsynced)
}

/// A file that somebody named on the command line.
pub fn write_named(path: &Path, content: &[u8]) -> Result<(), Error> {
    write(path, content, Named::ByTheUser, FileMode::Kept, Durability::Unsynced)
}

/// What it is, if it is no regular file.
fn kind(metadata: &Metadata) -> Option<&'static str> {
    if metadata.is_file() {
        None
    } else if metadata.is_dir() {
        Some(FOLDER)
    } else if metadata.is_symlink() {
        Some("a link")
    } else {
        Some("a device, a FIFO or a socket")
    }
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

/// Copy a folder with all that is in it. Where nothing is, nothing is made.
pub fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    let entries = match std::fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.doing("read", from)?,
    };
    make_folder(to)?;
    for entry in entries {
        let entry = entry.doing("read", from)?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().doing("read", &path)?.is_dir() {
            copy_folder(&path, &target)?;
        } else {
            std::fs::copy(&path, &target).map(drop).doing("copy", &path)?;
        }
    }
    Ok(())
}

/// Is there one file at both places? On some disks two spellings of a name are one.
pub fn is_one(one: &Path, other: &Path) -> bool {
    one == other || real_path(one).is_ok_and(|one| real_path(other).is_ok_and(|other| one == other))
}

/// Gives a finished file or folder its name. What was there under that name is gone.
pub fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).doing("write", to)
}

/// A file in `folder` that has no name and is gone when it is closed.
pub fn temporary_in(folder: &Path) -> Result<File, Error> {
    tempfile::tempfile_in(folder).doing("write to", folder)
}

/// A folder beside what it becomes; it is gone when it is dropped.
pub fn temporary_folder_in(folder: &Path, prefix: &str) -> Result<TempDir, Error> {
    tempfile::Builder::new().prefix(prefix).tempdir_in(folder).doing("write to", folder)
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
mod tests;
