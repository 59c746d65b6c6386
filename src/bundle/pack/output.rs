//! Where a bundle goes: written beside, then renamed, so that a killed run leaves the old bundle or none.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use crate::bundle::digest::TreeDigest;
use crate::bundle::error::Error;
use crate::bundle::select::disk::Stamp;
use crate::mode;
use crate::world::{Guard, Interrupt};

/// The name of the bundle, known before or only after its content is.
#[derive(Debug, Clone)]
pub enum Output {
    File(PathBuf),
    /// `<label>.zip` in a folder, which is made if need be.
    Labelled {
        dir: PathBuf,
        name: String,
    },
}

impl Output {
    fn dir(&self) -> &Path {
        match self {
            Self::File(path) => path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")),
            Self::Labelled { dir, .. } => dir,
        }
    }

    pub(crate) fn path(&self, digest: &TreeDigest) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Labelled { dir, name } => dir.join(format!("{}.zip", digest.label(name))),
        }
    }
}

const PART: &str = ".part";

/// A bundle that is being written.
pub(crate) struct Draft {
    pub(crate) file: File,
    path: TempPath,
    /// Removes the file if Ctrl-C ends the run.
    _guard: Guard,
}

impl Draft {
    pub(crate) fn create(output: &Output, interrupt: &Interrupt) -> Result<Self, Error> {
        let dir = output.dir();
        let failed = |source| Error::Write { path: dir.to_owned(), source };
        if matches!(output, Output::Labelled { .. }) {
            fs::create_dir_all(dir).map_err(failed)?;
        }
        sweep(dir);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".beansprout-").suffix(PART);
        open_to_all(&mut builder);
        let (file, path) = builder.tempfile_in(dir).map_err(failed)?.into_parts();
        // Held while this run lives. What nobody holds is the rest of a run that was killed.
        let _ = file.try_lock();
        let name = path.to_path_buf();
        let guard = interrupt.guard(move || {
            let _ = fs::remove_file(name);
        });
        Ok(Self { file, path, _guard: guard })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let result = self.file.write_all(bytes);
        result.map_err(|source| self.failed(source))
    }

    /// Write over what is at `offset`, and go on at the end.
    pub(crate) fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let file = &mut self.file;
        let result = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| file.write_all(bytes))
            .and_then(|()| file.seek(SeekFrom::End(0)).map(|_| ()));
        result.map_err(|source| self.failed(source))
    }

    pub(crate) fn truncate(&mut self, length: u64) -> Result<(), Error> {
        let file = &mut self.file;
        let result = file.set_len(length).and_then(|()| file.seek(SeekFrom::End(0)).map(|_| ()));
        result.map_err(|source| self.failed(source))
    }

    pub(crate) fn length(&self) -> Result<u64, Error> {
        self.file.metadata().map(|metadata| metadata.len()).map_err(|source| self.failed(source))
    }

    /// Copy `length` bytes of another bundle, from `offset` on.
    pub(crate) fn copy(&mut self, mut from: &File, offset: u64, length: u64) -> Result<(), Error> {
        let copied = from
            .seek(SeekFrom::Start(offset))
            .and_then(|_| io::copy(&mut from.take(length), &mut self.file))
            .and_then(|copied| if copied == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) });
        copied.map_err(|source| self.failed(source))
    }

    /// The file system's time when the writing began.
    pub(crate) fn started(&self) -> Result<i64, Error> {
        let metadata = self.file.metadata().map_err(|source| self.failed(source))?;
        Ok(Stamp::of(&metadata).modified)
    }

    /// Give the finished file its name.
    pub(crate) fn publish(self, path: &Path) -> Result<(), Error> {
        let Self { file: _file, path: temp, _guard } = self;
        temp.persist(path).map_err(|error| Error::Write { path: path.to_owned(), source: error.error })
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Write { path: self.path.to_path_buf(), source }
    }
}

/// Write a whole file, or leave the old one as it was.
pub fn write_beside(path: &Path, content: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".beansprout-").suffix(PART);
    open_to_all(&mut builder);
    let mut file = builder.tempfile_in(dir).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The umask has its say, as with any new file, instead of the 0600 of temporary files.
fn open_to_all(builder: &mut tempfile::Builder<'_, '_>) {
    if let Some(permissions) = mode::permissions(0o666) {
        builder.permissions(permissions);
    }
}

/// Remove what killed runs have left.
fn sweep(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(".beansprout-")
            && name.ends_with(PART)
            && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}
