//! Files that are being written: beside the one that they become, and renamed when they are whole.
//!
//! Where a write goes is decided once, by [`Target`]: what no rename may replace (a device, a FIFO, an open file of the
//! system's) is written into.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempPath};

use super::{Doing, Durability, Error, FileMode, Named, folder_of, kind, sync_folder};
use crate::mode;
use crate::world::{Guard, Interrupt, real_path};

/// Where a write goes.
#[derive(Debug)]
pub enum Target {
    /// A file, there already or not.
    File(PathBuf, Option<Metadata>),
    /// Something that takes bytes as they come.
    Stream(PathBuf),
}

/// More links than this lead in a circle.
const LINKS: usize = 40;

impl Target {
    /// Where a write to `path` goes, whoever named it.
    pub fn of(path: &Path, named: Named) -> Result<Self, Error> {
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            let metadata = match path.symlink_metadata() {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::File(path, None)),
                Err(source) => return Err(Error::Io { doing: "write", path, source }),
            };
            let refused = |what| Err(Error::NotReplaced { path: path.clone(), what });
            if metadata.is_symlink() {
                if named == Named::ByUs {
                    return refused("a link");
                }
                // The system's own names for open files are links to no path: only following them tells.
                if let Ok(behind) = path.metadata()
                    && !behind.is_dir()
                    && (!behind.is_file() || is_open_file(&path))
                {
                    return Ok(Self::Stream(path));
                }
                let to = fs::read_link(&path).doing("read", &path)?;
                path = folder_of(&path).join(to);
                continue;
            }
            return match kind(&metadata) {
                None => Ok(Self::File(path, Some(metadata))),
                Some(what) if metadata.is_dir() || named == Named::ByUs => refused(what),
                Some(_) => Ok(Self::Stream(path)),
            };
        }
        Err(Error::NotReplaced { path, what: "a link that leads in a circle" })
    }

    /// The file that is there and would be another one afterwards.
    pub fn existing(&self) -> Option<&Path> {
        match self {
            Self::File(path, Some(_)) => Some(path),
            Self::File(_, None) | Self::Stream(_) => None,
        }
    }
}

/// Refuse what could not be written in the end, before anything has happened: a file in a folder that is not there or takes
/// none, and two files at one place.
pub fn refuse_unwritable<'p>(named: impl IntoIterator<Item = &'p Path>) -> Result<(), Error> {
    let mut places = Vec::new();
    for path in named {
        let target = Target::of(path, Named::ByTheUser)?;
        // It is gone again at once; what takes it takes the file.
        drop(Draft::of(&target, FileMode::Kept)?);
        let Target::File(at, _) = &target else { continue };
        let place = real_path(folder_of(at)).ok().zip(at.file_name().map(ToOwned::to_owned));
        if place.is_some() && places.contains(&place) {
            return Err(Error::Twice { path: at.clone() });
        }
        places.push(place);
    }
    Ok(())
}

/// `/dev/stdout` and its kin: whoever opened the file goes on writing to it, and a rename would take it away from them.
fn is_open_file(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

/// Prefix and ending of a file that is not finished. Whoever sweeps a folder knows them by these.
pub const PART: (&str, &str) = (".beansprout-", ".part");

/// A file that is being written.
#[derive(Debug)]
pub struct Draft {
    pub file: File,
    /// None of what goes into a stream in the end.
    place: Option<TempPath>,
}

impl Draft {
    /// A file in the folder in which it will get its name.
    pub fn within(folder: &Path, file_mode: FileMode) -> Result<Self, Error> {
        Self::beside(folder, file_mode).doing("write to", folder)
    }

    fn beside(folder: &Path, file_mode: FileMode) -> io::Result<Self> {
        let mut builder = Builder::new();
        builder.prefix(PART.0).suffix(PART.1);
        if file_mode != FileMode::Private
            && let Some(permissions) = mode::permissions(0o666)
        {
            // The umask has its say, as with any new file, instead of the 0600 of temporary files.
            builder.permissions(permissions);
        }
        let (file, place) = builder.tempfile_in(folder)?.into_parts();
        // Held while this run lives. What nobody holds is the rest of a run that was killed.
        let _ = file.try_lock();
        Ok(Self { file, place: Some(place) })
    }

    /// What becomes `target`.
    pub fn of(target: &Target, file_mode: FileMode) -> Result<Self, Error> {
        match target {
            Target::File(path, _) => Self::beside(folder_of(path), file_mode).doing("write", path),
            Target::Stream(_) => Ok(Self { file: super::temporary()?, place: None }),
        }
    }

    /// Removes the file if a signal ends the run before it is kept.
    pub fn guard(&self, interrupt: &Interrupt) -> Option<Guard> {
        let place = self.place.as_ref()?.to_path_buf();
        Some(interrupt.guard(move || {
            let _ = fs::remove_file(place);
        }))
    }

    /// The finished file becomes `target`.
    pub fn keep(self, target: &Target, file_mode: FileMode, durability: Durability) -> Result<(), Error> {
        let Self { mut file, place } = self;
        let (path, existing) = match target {
            Target::File(path, existing) => (path, existing),
            Target::Stream(path) => {
                file.seek(SeekFrom::Start(0)).doing("read", path)?;
                let mut stream = mode::open_stream(path).doing("write", path)?;
                return io::copy(&mut file, &mut stream).map(drop).doing("write", path);
            }
        };
        match (file_mode, existing) {
            (FileMode::Exactly(bits), _) => mode::set_open(&file, bits).doing("write", path)?,
            (FileMode::Kept, Some(existing)) => file.set_permissions(existing.permissions()).doing("write", path)?,
            (FileMode::Private, _) | (FileMode::Kept, None) => {}
        }
        if durability == Durability::Synced {
            file.sync_all().doing("write", path)?;
        }
        let place = place.expect("what becomes a file has a place");
        place.persist(path).map_err(|error| error.error).doing("write", path)?;
        match durability {
            Durability::Synced => sync_folder(folder_of(path)),
            Durability::Unsynced => Ok(()),
        }
    }
}

/// Removes what killed runs have left in a folder.
pub fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_free = || {
            let opened = mode::without_following(OpenOptions::new().read(true)).open(entry.path());
            opened.is_ok_and(|file| file.try_lock().is_ok())
        };
        if name.starts_with(PART.0) && name.ends_with(PART.1) && is_free() {
            let _ = fs::remove_file(entry.path());
        }
    }
}
