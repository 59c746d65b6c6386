//! Layout of an instance: the paths that scripts write down, and the folders that stand for them here.

use std::path::{Path, PathBuf};

use super::error::{Error, Io};
use crate::file::{self, Durability, FileMode, Named};
use crate::mode;
use crate::world::real_path;

/// The virtual environment's name on every instance whose logs are public. Scripts find it as `/var/app/venv/*`.
pub(crate) const VENV: &str = "/var/app/venv/staging-LQM1lest";
pub(crate) const STAGING: &str = "/var/app/staging";
pub(crate) const CURRENT: &str = "/var/app/current";
pub(crate) const GET_CONFIG: &str = "/opt/elasticbeanstalk/bin/get-config";

/// The trees of an instance that a laptop has no business to have at its root.
pub(crate) const ROOTS: [&str; 4] = ["/var/app", "/var/log", "/var/proxy", "/opt/elasticbeanstalk"];

/// The folders of one instance, all below one home.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    home: PathBuf,
}

impl Layout {
    /// Make the folders that do not exist yet. What an earlier run left in them stays.
    pub(crate) fn prepare(home: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(home).doing("create", home)?;
        let home = real_path(home).doing("find", home)?;
        let layout = Self { home };
        for dir in ["/var/app/venv", "/var/log", "/var/proxy", "/opt/elasticbeanstalk/bin"] {
            let dir = layout.real(dir);
            std::fs::create_dir_all(&dir).doing("create", &dir)?;
        }
        layout.fresh("tmp")?;
        layout.write_users()?;
        Ok(layout)
    }

    /// Does root run this instance?
    pub(crate) fn of_root(&self) -> Result<bool, Error> {
        Ok(self.owner()?.is_some_and(|(user, _)| user == 0))
    }

    /// The user and the group of the one who runs this instance.
    fn owner(&self) -> Result<Option<(u32, u32)>, Error> {
        Ok(mode::owner(&std::fs::metadata(&self.home).doing("look at", &self.home)?))
    }

    /// The users that an instance has, as names of the one who runs this.
    fn write_users(&self) -> Result<(), Error> {
        let Some((uid, gid)) = self.owner()? else { return Ok(()) };
        let with = |file: &str, lines: [String; 2]| {
            let own = std::fs::read_to_string(file).unwrap_or_default();
            format!("{}\n{}\n", own.trim_end(), lines.join("\n"))
        };
        let user = |name: &str| format!("{name}:x:{uid}:{gid}::/tmp:/sbin/nologin");
        self.write("/etc/passwd", with("/etc/passwd", [user("webapp"), user("ec2-user")]))?;
        let group = |name: &str| format!("{name}:x:{gid}:");
        self.write("/etc/group", with("/etc/group", [group("webapp"), group("ec2-user")]))?;
        Ok(())
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Where `path` of the instance is on this machine.
    pub(crate) fn real(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.home.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// An empty folder at `path` of the instance.
    pub(crate) fn fresh(&self, path: &str) -> Result<PathBuf, Error> {
        let dir = self.real(path);
        remove_tree(&dir)?;
        std::fs::create_dir_all(&dir).doing("create", &dir)?;
        Ok(dir)
    }

    pub(crate) fn remove(&self, path: &str) -> Result<(), Error> {
        remove_tree(&self.real(path))
    }

    /// As `FlipApplication` does: staging becomes current, and nothing is left at staging.
    pub(crate) fn flip(&self) -> Result<(), Error> {
        let current = self.real(CURRENT);
        remove_tree(&current)?;
        std::fs::rename(self.real(STAGING), &current).doing("replace", &current)
    }

    /// Write a file of the instance that its owner alone may read, from the first moment.
    pub(crate) fn write_private(&self, path: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, Error> {
        let file = self.real(path);
        if let Some(dir) = file.parent() {
            std::fs::create_dir_all(dir).doing("create", dir)?;
        }
        file::write(&file, content.as_ref(), Named::ByUs, FileMode::Private, Durability::Unsynced)?;
        Ok(file)
    }

    /// Write a file of the instance, with the folders above it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, Error> {
        let file = self.real(path);
        if let Some(dir) = file.parent() {
            std::fs::create_dir_all(dir).doing("create", dir)?;
        }
        std::fs::write(&file, content).doing("write", &file)?;
        Ok(file)
    }
}

/// Remove `dir` even if something in it made itself read-only.
fn remove_tree(dir: &Path) -> Result<(), Error> {
    let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            unlock(dir);
            std::fs::remove_dir_all(dir).doing("remove", dir)
        }
        Err(error) if gone(&error) => Ok(()),
        result => result.doing("remove", dir),
    }
}

fn unlock(dir: &Path) {
    let _ = mode::set(dir, 0o755);
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            unlock(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flipping_leaves_no_staging() {
        let home = tempfile::tempdir().unwrap();
        let layout = Layout::prepare(home.path()).unwrap();
        layout.write("/var/app/current/old", "").unwrap();
        layout.write("/var/app/staging/new", "").unwrap();
        layout.flip().unwrap();
        assert!(layout.real("/var/app/current/new").exists());
        assert!(!layout.real("/var/app/current/old").exists());
        assert!(!layout.real(STAGING).exists());
    }
}
