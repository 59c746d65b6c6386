//! Files below a folder, reached by paths relative to it.
//!
//! On Linux the folder stays open and the kernel is asked directly: a walk over a large project is little else than these
//! calls, and the shortest path is the fastest one. Elsewhere the standard library does the same.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::spelling;

/// A folder whose files are read.
#[derive(Debug)]
pub(crate) struct Disk {
    dir: PathBuf,
    #[cfg(target_os = "linux")]
    handle: std::os::fd::OwnedFd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File,
    Link,
    /// Something that no zip file can hold, and its name.
    Special(&'static str),
}

/// A name in a folder. One that is not UTF-8 has replacement characters, and leads nowhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a> {
    pub(crate) text: &'a str,
    pub(crate) kind: Kind,
    pub(crate) is_utf8: bool,
}

/// The names in one folder after another, in memory that is used again.
#[derive(Default)]
pub(crate) struct Names {
    text: String,
    list: Vec<(usize, Kind, bool)>,
    #[cfg(target_os = "linux")]
    buffer: Vec<std::mem::MaybeUninit<u8>>,
}

impl Names {
    pub(crate) fn iter(&self) -> impl Iterator<Item = Name<'_>> {
        let mut start = 0;
        self.list.iter().map(move |(end, kind, is_utf8)| {
            let text = &self.text[start..*end];
            start = *end;
            Name { text, kind: *kind, is_utf8: *is_utf8 }
        })
    }

    fn clear(&mut self) {
        self.text.clear();
        self.list.clear();
    }

    fn push(&mut self, name: Result<&str, &str>, kind: Kind) {
        self.text.push_str(name.unwrap_or_else(|lossy| lossy));
        self.list.push((self.text.len(), kind, name.is_ok()));
    }
}

/// State of a file when it was found, which must be the same when it is read. A part that the system does not tell is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: i64,
    pub(crate) changed: i64,
    pub(crate) inode: u64,
    pub(crate) executable: bool,
}

impl Stamp {
    /// Do two equal stamps mean one content? Only where the system numbers files and tells when anything about them changed.
    pub(crate) const IS_CERTAIN: bool = cfg!(unix);

    #[cfg(unix)]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds = |seconds: i64, rest: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(rest);
        Self {
            size: metadata.len(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            executable: metadata.mode() & 0o100 != 0,
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
        Self { size: metadata.len(), modified, ..Self::default() }
    }
}

impl Disk {
    /// The path of what is at `relative`, for whoever cannot ask here.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        if relative.is_empty() { self.dir.clone() } else { self.dir.join(relative) }
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::ffi::OsStr;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};

    use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, StatxFlags};

    use super::*;

    const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
    /// Nobody waits for the writer of a FIFO that took the place of a file.
    const FILE: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

    /// A folder that was listed, and is still open.
    pub(crate) struct Folder(OwnedFd);

    impl Disk {
        pub(crate) fn open(dir: &Path) -> io::Result<Self> {
            let handle = rustix::fs::openat(rustix::fs::CWD, dir, DIRECTORY, Mode::empty())?;
            Ok(Self { dir: dir.to_owned(), handle })
        }

        pub(crate) fn file(&self, relative: &str) -> io::Result<File> {
            Ok(rustix::fs::openat(&self.handle, relative, FILE, Mode::empty())?.into())
        }

        /// Fill `names` with what is in the folder at `relative`: empty for this one, or ending with a slash.
        pub(crate) fn list(&self, relative: &str, names: &mut Names) -> io::Result<Folder> {
            names.clear();
            let relative = if relative.is_empty() { "." } else { relative };
            let handle = rustix::fs::openat(&self.handle, relative, DIRECTORY, Mode::empty())?;
            let mut buffer = std::mem::take(&mut names.buffer);
            buffer.resize(1 << 15, std::mem::MaybeUninit::uninit());
            let mut entries = RawDir::new(&handle, &mut buffer);
            while let Some(entry) = entries.next() {
                let entry = entry?;
                let name = entry.file_name().to_bytes();
                if matches!(name, b"." | b"..") {
                    continue;
                }
                let kind = match entry.file_type() {
                    // Some file systems do not say it here.
                    FileType::Unknown => {
                        let found = rustix::fs::statat(&handle, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
                        FileType::from_raw_mode(found.st_mode)
                    }
                    known => known,
                };
                match std::str::from_utf8(name) {
                    Ok(name) => names.push(Ok(name), Kind::of(kind)),
                    Err(_) => names.push(Err(&OsStr::from_bytes(name).to_string_lossy()), Kind::of(kind)),
                }
            }
            names.buffer = buffer;
            Ok(Folder(handle))
        }
    }

    /// How what is at `path` is, whose last component is not followed if it is a link.
    fn stamp(from: &OwnedFd, path: &str) -> io::Result<Stamp> {
        let found = rustix::fs::statx(from, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS)?;
        let nanoseconds = |time: rustix::fs::StatxTimestamp| {
            time.tv_sec.wrapping_mul(1_000_000_000).wrapping_add(i64::from(time.tv_nsec))
        };
        Ok(Stamp {
            size: found.stx_size,
            modified: nanoseconds(found.stx_mtime),
            changed: nanoseconds(found.stx_ctime),
            inode: found.stx_ino,
            executable: found.stx_mode & 0o100 != 0,
        })
    }

    impl Folder {
        pub(crate) fn stamp(&self, name: Name<'_>) -> io::Result<Stamp> {
            stamp(&self.0, name.text)
        }

        pub(crate) fn target(&self, name: Name<'_>) -> io::Result<PathBuf> {
            let target = rustix::fs::readlinkat(&self.0, name.text, Vec::new())?;
            Ok(spelling::of_target(std::ffi::OsString::from_vec(target.into_bytes()).into()))
        }
    }

    impl Kind {
        fn of(kind: FileType) -> Self {
            match kind {
                FileType::Directory => Self::Directory,
                FileType::RegularFile => Self::File,
                FileType::Symlink => Self::Link,
                FileType::Fifo => Self::Special("FIFO"),
                FileType::Socket => Self::Special("socket"),
                _ => Self::Special("device"),
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::fs;

    use super::*;

    /// A folder that was listed.
    pub(crate) struct Folder(PathBuf);

    impl Disk {
        pub(crate) fn open(dir: &Path) -> io::Result<Self> {
            fs::read_dir(dir)?;
            Ok(Self { dir: dir.to_owned() })
        }

        pub(crate) fn file(&self, relative: &str) -> io::Result<File> {
            File::open(self.path(relative))
        }

        /// Fill `names` with what is in the folder at `relative`: empty for this one, or ending with a slash.
        pub(crate) fn list(&self, relative: &str, names: &mut Names) -> io::Result<Folder> {
            names.clear();
            for entry in fs::read_dir(self.path(relative))? {
                let entry = entry?;
                let (name, kind) = (entry.file_name(), Kind::of(entry.file_type()?));
                match name.to_str() {
                    Some(name) => names.push(Ok(&spelling::of_name(name)), kind),
                    None => names.push(Err(&name.to_string_lossy()), kind),
                }
            }
            Ok(Folder(self.path(relative)))
        }
    }

    impl Folder {
        pub(crate) fn stamp(&self, name: Name<'_>) -> io::Result<Stamp> {
            Ok(Stamp::of(&fs::symlink_metadata(self.0.join(name.text))?))
        }

        pub(crate) fn target(&self, name: Name<'_>) -> io::Result<PathBuf> {
            fs::read_link(self.0.join(name.text)).map(spelling::of_target)
        }
    }

    impl Kind {
        fn of(kind: fs::FileType) -> Self {
            if kind.is_dir() {
                return Self::Directory;
            }
            if kind.is_file() {
                return Self::File;
            }
            if kind.is_symlink() {
                return Self::Link;
            }
            #[cfg(unix)]
            {
                use std::os::unix::fs::FileTypeExt;
                if kind.is_fifo() {
                    return Self::Special("FIFO");
                }
                if kind.is_socket() {
                    return Self::Special("socket");
                }
            }
            Self::Special("device")
        }
    }
}
