//! A bundle becomes files again, with the modes that Info-ZIP's `unzip` would give them on an instance.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::bundle::entry::{BadName, inside};
use crate::fault::{Exit, Fault};
use crate::mode;
use crate::ui::bytes;

use super::reader::{OpenError, Reader};

#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("entry `{name}` of `{}` is a link out of the bundle", path.display())]
    Link { path: PathBuf, name: String },
    #[error("`{}` unpacks to {}, more than the {} that there is room for", path.display(), bytes(*size), bytes(*limit))]
    TooLarge { path: PathBuf, size: u64, limit: u64 },
    #[error("failed to write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl Fault for UnpackError {
    fn exit(&self) -> Exit {
        match self {
            Self::Open(error) => error.exit(),
            Self::Link { .. } | Self::TooLarge { .. } | Self::Write { .. } => Exit::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Open(error) => error.hint(),
            Self::Link { .. } | Self::TooLarge { .. } => {
                Some("`beansprout verify` tells everything that is wrong with a bundle".to_owned())
            }
            Self::Write { .. } => None,
        }
    }
}

/// Unpack the zip file at `bundle` into the folder `dir`, which is made if need be.
///
/// As on an instance: modes are those that a Unix creator recorded, without setuid; an entry by a Unix creator that has
/// none becomes 0600; other creators' modes are not believed. Unlike there, a name that leads out of the folder is an
/// error instead of a warning that aborts the deployment later. Nothing is written of a bundle that says it has more than
/// `limit` bytes, and none of its entries gives more than it says.
pub fn unpack(bundle: &Path, dir: &Path, limit: u64) -> Result<(), UnpackError> {
    let mut opened = Reader::open(bundle)?;
    let size = opened.unpacked_bytes()?;
    if size > limit {
        return Err(UnpackError::TooLarge { path: bundle.to_owned(), size, limit });
    }
    let mut links = Vec::new();
    for index in 0..opened.archive.len() {
        let entry = opened.listed(index)?;
        let name = entry.lossy();
        let path = match entry.path() {
            Ok(path) => path,
            // `./` alone is how some tools begin.
            Err(BadName::Empty) if entry.is_dir => continue,
            Err(bad) => return Err(OpenError::Name { path: bundle.to_owned(), name, bad }.into()),
        };
        let target = dir.join(path.as_str());
        let write = |source| UnpackError::Write { path: target.clone(), source };
        if entry.is_dir {
            fs::create_dir_all(&target).map_err(write)?;
            continue;
        }
        fs::create_dir_all(target.parent().unwrap_or(dir)).map_err(write)?;
        if entry.is_link {
            let mut text = Vec::new();
            opened
                .content(index, entry.size, |piece| text.extend_from_slice(piece))
                .map_err(|source| OpenError::Entry { path: bundle.to_owned(), name: name.clone(), source })?;
            let text = String::from_utf8_lossy(&text).into_owned();
            let Some(text) = inside(&path, Path::new(&text)) else {
                return Err(UnpackError::Link { path: bundle.to_owned(), name });
            };
            links.push((target, text));
            continue;
        }
        // The last of two entries with one name wins, as with `unzip -o`.
        match fs::remove_file(&target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(write(error)),
            _ => {}
        }
        let mut file = File::create(&target).map_err(write)?;
        let mut written = Ok(());
        let unpacked = opened.content(index, entry.size, |piece| {
            if written.is_ok() {
                written = file.write_all(piece);
            }
        });
        unpacked.map_err(|source| OpenError::Entry { path: bundle.to_owned(), name, source })?;
        written.map_err(write)?;
        mode::set_open(&file, entry.permissions()).map_err(write)?;
    }
    // Links last: no entry can be written through one.
    for (path, target) in links {
        link(&target, &path).map_err(|source| UnpackError::Write { path, source })?;
    }
    Ok(())
}

fn link(target: &str, path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    mode::link(target, path)
}
