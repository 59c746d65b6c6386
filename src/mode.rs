//! File modes, owners and symbolic links: what a Unix disk knows of a file beside its content, and Windows does not.
//!
//! The one door to them. Where there are none, a mode is unknown and setting one changes nothing, as git has it there.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::path::Path;

/// Does this system know modes at all? A single disk of it may still not.
pub const KNOWN: bool = cfg!(unix);

/// May anybody execute it, as far as the disk knows?
pub fn is_executable(metadata: &Metadata) -> bool {
    of(metadata).is_some_and(|mode| mode & 0o111 != 0)
}

/// Give what is at `path` the mode.
pub fn set(path: &Path, mode: u32) -> io::Result<()> {
    permissions(mode).map_or(Ok(()), |permissions| std::fs::set_permissions(path, permissions))
}

/// Give an open file the mode.
pub fn set_open(file: &File, mode: u32) -> io::Result<()> {
    permissions(mode).map_or(Ok(()), |permissions| file.set_permissions(permissions))
}

/// Let everybody execute what is at `path`, beside what they may already.
pub fn add_executable(path: &Path) -> io::Result<()> {
    of(&path.metadata()?).map_or(Ok(()), |mode| set(path, mode | 0o755))
}

#[cfg(unix)]
mod system {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};

    use super::*;

    /// The bits that `chmod` sets.
    pub fn of(metadata: &Metadata) -> Option<u32> {
        Some(metadata.permissions().mode() & 0o7777)
    }

    /// The mode as the standard library has it, for whoever makes files.
    pub fn permissions(mode: u32) -> Option<Permissions> {
        Some(Permissions::from_mode(mode))
    }

    /// The numbers of the user and the group that it belongs to.
    pub fn owner(metadata: &Metadata) -> Option<(u32, u32)> {
        Some((metadata.uid(), metadata.gid()))
    }

    /// A file that is made is its owner's alone, from the first moment.
    pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600)
    }

    /// A FIFO that nobody writes to is opened at once, instead of when somebody does.
    pub fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed())
    }

    /// The same, and a link in the last place is an error.
    pub fn without_following(options: &mut OpenOptions) -> &mut OpenOptions {
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NOFOLLOW;
        options.custom_flags(flags.bits().cast_signed())
    }

    /// Open what takes bytes as they come. A FIFO that nobody has come to read for a while is an error.
    pub fn open_stream(path: &Path) -> io::Result<File> {
        use std::os::unix::fs::FileTypeExt;
        if path.metadata()?.file_type().is_socket() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a socket takes no file"));
        }
        const PATIENCE: u32 = 30;
        for _ in 0..PATIENCE {
            match without_waiting(OpenOptions::new().append(true)).open(path) {
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                    std::thread::sleep(std::time::Duration::from_millis(100));
                }
                Err(error) => return Err(error),
                Ok(file) => {
                    // From here on, a reader that is slow is waited for.
                    let flags = rustix::fs::fcntl_getfl(&file)?;
                    rustix::fs::fcntl_setfl(&file, flags - rustix::fs::OFlags::NONBLOCK)?;
                    return Ok(file);
                }
            }
        }
        Err(io::Error::new(io::ErrorKind::NotConnected, "nobody reads what is written there"))
    }

    /// Make a link at `path`, where nothing is.
    pub fn link(target: &str, path: &Path) -> io::Result<()> {
        std::os::unix::fs::symlink(target, path)
    }
}

#[cfg(not(unix))]
mod system {
    use super::*;

    pub fn of(_: &Metadata) -> Option<u32> {
        None
    }

    pub fn permissions(_: u32) -> Option<Permissions> {
        None
    }

    pub fn owner(_: &Metadata) -> Option<(u32, u32)> {
        None
    }

    pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub fn without_following(options: &mut OpenOptions) -> &mut OpenOptions {
        #[cfg(windows)]
        {
            // FILE_FLAG_OPEN_REPARSE_POINT: what is opened is the link, which is then seen to be one.
            std::os::windows::fs::OpenOptionsExt::custom_flags(options, 0x0020_0000);
        }
        options
    }

    pub fn open_stream(path: &Path) -> io::Result<File> {
        OpenOptions::new().append(true).open(path)
    }

    /// Windows makes links for administrators only. A file that holds the target stands for one, as with git.
    pub fn link(target: &str, path: &Path) -> io::Result<()> {
        std::fs::write(path, target)
    }
}

pub use self::system::{link, of, open_stream, owner, permissions, private, without_following, without_waiting};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_that_was_set_is_there() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x");
        let file = private(OpenOptions::new().write(true).create(true)).open(&path).unwrap();
        let mode = |path: &Path| of(&path.metadata().unwrap());
        assert_eq!(mode(&path), KNOWN.then_some(0o600));
        add_executable(&path).unwrap();
        assert_eq!(mode(&path), KNOWN.then_some(0o755));
        assert_eq!(is_executable(&path.metadata().unwrap()), KNOWN);
        set_open(&file, 0o644).unwrap();
        assert!(!is_executable(&path.metadata().unwrap()));
        assert_eq!(owner(&path.metadata().unwrap()).is_some(), KNOWN);
    }
}
