//! Where a bundle goes: written beside, then renamed, so that a killed run leaves the old bundle or none.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::bundle::digest::TreeDigest;
use crate::bundle::error::Error;
use crate::bundle::select::disk::Stamp;
use crate::file::{self, FileMode, Named, Target, folder_of};
use crate::world::{Guard, Interrupt};

use super::index;

/// The name of the bundle, known before or only after its content is.
#[derive(Debug, Clone)]
pub enum Output {
    /// What somebody named.
    File(PathBuf),
    /// `<label>.zip` in a folder of ours, which is there.
    Labelled { dir: PathBuf, name: String },
}

impl Output {
    fn dir(&self) -> &Path {
        match self {
            Self::File(path) => folder_of(path),
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

/// A bundle that is being written.
pub(crate) struct Draft {
    draft: file::Draft,
    /// Where it goes, if that is known before the content is.
    target: Option<Target>,
    path: PathBuf,
    /// Removes the file if Ctrl-C ends the run.
    _guard: Option<Guard>,
}

impl Draft {
    pub(crate) fn create(output: &Output, interrupt: &Interrupt) -> Result<Self, Error> {
        let (draft, target) = match output {
            Output::File(path) => {
                let target = Target::of(path, Named::ByTheUser)?;
                if let Target::File(path, _) = &target {
                    file::sweep(folder_of(path));
                }
                (file::Draft::of(&target, FileMode::Kept)?, Some(target))
            }
            Output::Labelled { dir, .. } => {
                file::sweep(dir);
                (file::Draft::within(dir, FileMode::Kept)?, None)
            }
        };
        let guard = draft.guard(interrupt);
        Ok(Self { draft, target, path: output.dir().to_owned(), _guard: guard })
    }

    /// The file as far as it is written.
    pub(crate) fn file(&self) -> &File {
        &self.draft.file
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let result = self.draft.file.write_all(bytes);
        result.map_err(|source| self.failed(source))
    }

    /// Write over what is at `offset`, and go on at the end.
    pub(crate) fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let file = &mut self.draft.file;
        let result = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| file.write_all(bytes))
            .and_then(|()| file.seek(SeekFrom::End(0)).map(|_| ()));
        result.map_err(|source| self.failed(source))
    }

    pub(crate) fn truncate(&mut self, length: u64) -> Result<(), Error> {
        let file = &mut self.draft.file;
        let result = file.set_len(length).and_then(|()| file.seek(SeekFrom::End(0)).map(|_| ()));
        result.map_err(|source| self.failed(source))
    }

    pub(crate) fn length(&self) -> Result<u64, Error> {
        self.draft.file.metadata().map(|metadata| metadata.len()).map_err(|source| self.failed(source))
    }

    /// Copy `length` bytes of another bundle, from `offset` on.
    pub(crate) fn copy(&mut self, mut from: &File, offset: u64, length: u64) -> Result<(), Error> {
        let copied = from
            .seek(SeekFrom::Start(offset))
            .and_then(|_| io::copy(&mut from.take(length), &mut self.draft.file))
            .and_then(|copied| if copied == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) });
        copied.map_err(|source| self.failed(source))
    }

    /// The file system's time when the writing began.
    pub(crate) fn started(&self) -> Result<i64, Error> {
        let metadata = self.draft.file.metadata().map_err(|source| self.failed(source))?;
        Ok(Stamp::of(&metadata).modified)
    }

    /// Give the finished file its name.
    pub(crate) fn publish(self, path: &Path) -> Result<(), Error> {
        let Self { draft, target, _guard, .. } = self;
        let target = match target {
            Some(target) => target,
            None => Target::of(path, Named::ByUs)?,
        };
        Ok(draft.keep(&target, FileMode::Kept, index::durability())?)
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Write { path: self.path.clone(), source }
    }
}
