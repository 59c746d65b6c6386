//! A bundle becomes files again, with the modes that Info-ZIP's `unzip` would give them on an instance.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use crate::fault::{Exit, Fault};

use super::entry::{BadName, EntryPath};
use super::walk::inside;

#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` is not a zip file that can be read", path.display())]
    Zip { path: PathBuf, source: Box<zip::result::ZipError> },
    #[error("failed to unpack `{name}` of `{}`", path.display())]
    Entry { path: PathBuf, name: String, source: io::Error },
    #[error("entry `{}` of `{}` {bad}", name.escape_debug(), path.display())]
    Name { path: PathBuf, name: String, bad: BadName },
    #[error("entry `{name}` of `{}` is a link out of the bundle", path.display())]
    Link { path: PathBuf, name: String },
    #[error("failed to write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl Fault for UnpackError {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Zip { .. } | Self::Entry { .. } | Self::Name { .. } | Self::Link { .. } => {
                Some("`beansprout verify` tells everything that is wrong with a bundle".to_owned())
            }
            Self::Read { .. } | Self::Write { .. } => None,
        }
    }
}

/// Unpack the zip file at `bundle` into the folder `dir`, which is made if need be.
///
/// As on an instance: modes are those that a Unix creator recorded, without setuid; an entry by a Unix creator that has
/// none becomes 0600; other creators' modes are not believed. Unlike there, a name that leads out of the folder is an
/// error instead of a warning that aborts the deployment later.
pub fn unpack(bundle: &Path, dir: &Path) -> Result<(), UnpackError> {
    let open = |path: &Path| File::open(path).map_err(|source| UnpackError::Read { path: path.to_owned(), source });
    let mut archive = ZipArchive::new(io::BufReader::new(open(bundle)?))
        .map_err(|source| UnpackError::Zip { path: bundle.to_owned(), source: source.into() })?;
    let mut links = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive
            .by_index(index)
            .map_err(|source| UnpackError::Zip { path: bundle.to_owned(), source: source.into() })?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let failed = |source| UnpackError::Entry { path: bundle.to_owned(), name: name.clone(), source };
        let plain = name.strip_prefix("./").unwrap_or(&name);
        let is_dir = entry.is_dir();
        let plain = plain.strip_suffix('/').filter(|_| is_dir).unwrap_or(plain);
        if plain.is_empty() {
            continue;
        }
        let path = EntryPath::new(plain).map_err(|bad| UnpackError::Name {
            path: bundle.to_owned(),
            name: name.clone(),
            bad,
        })?;
        let target = dir.join(path.as_str());
        let write = |source| UnpackError::Write { path: target.clone(), source };
        if is_dir {
            fs::create_dir_all(&target).map_err(write)?;
            continue;
        }
        fs::create_dir_all(target.parent().unwrap_or(dir)).map_err(write)?;
        if entry.is_symlink() {
            let mut text = String::new();
            entry.read_to_string(&mut text).map_err(failed)?;
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
        let (creator, attributes) = (entry.system(), entry.external_attributes());
        let mut file = File::create(&target).map_err(write)?;
        io::copy(&mut entry, &mut file).map_err(failed)?;
        set_mode(&file, mode(creator, attributes)).map_err(write)?;
    }
    // Links last: no entry can be written through one.
    for (path, target) in links {
        link(&target, &path).map_err(|source| UnpackError::Write { path, source })?;
    }
    Ok(())
}

/// The mode that `unzip` gives to a file.
fn mode(creator: zip::System, attributes: u32) -> u32 {
    match creator {
        zip::System::Unix if attributes >> 16 == 0 => 0o600,
        zip::System::Unix => attributes >> 16 & 0o777,
        // By the umask of root.
        _ => 0o644,
    }
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(target: &str, path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link(target: &str, path: &Path) -> io::Result<()> {
    fs::write(path, target)
}
