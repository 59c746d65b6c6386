//! Kept: the wheels that lie in the folder where a project has them.

use std::path::{Path, PathBuf};

use crate::beanstalk::wheel::WheelName;
use crate::file::Doing;

use super::Error;
use super::wheel_file::digest;

/// A wheel in the folder where they are kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) path: PathBuf,
    pub(crate) file: String,
    /// `None`: no wheel has such a name.
    pub(crate) name: Option<WheelName>,
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
}

/// The wheels of a folder, by the names of their files.
pub(crate) fn kept(folder: &Path) -> Result<Vec<Kept>, Error> {
    let kept = |file: String| -> Result<Kept, Error> {
        let path = folder.join(&file);
        let (sha256, bytes) = digest(&path)?;
        Ok(Kept { path, name: WheelName::parse(&file), file, sha256, bytes })
    };
    files(folder)?.into_iter().map(kept).collect()
}

/// The name of one of the wheels of a folder.
pub(crate) fn one_of(folder: &Path) -> Result<Option<String>, Error> {
    Ok(files(folder)?.into_iter().next())
}

/// The names of the wheels of a folder, in their order; none where no folder is.
pub(super) fn files(folder: &Path) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        entries => entries.doing("read", folder)?,
    };
    for entry in entries {
        // A name that is no text is none of a wheel's.
        let Ok(file) = entry.doing("read", folder)?.file_name().into_string() else { continue };
        if file.ends_with(".whl") {
            found.push(file);
        }
    }
    found.sort();
    Ok(found)
}
