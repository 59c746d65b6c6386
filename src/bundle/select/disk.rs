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
    /// The name itself, if it is no text.
    pub(crate) raw: Option<&'a [u8]>,
}

/// The names in one folder after another, in memory that is used again.
#[derive(Default)]
pub(crate) struct Names {
    text: String,
    /// For each: where its text ends, and which of `raw` it is.
    list: Vec<(usize, Kind, Option<usize>)>,
    raw: Vec<Vec<u8>>,
    #[cfg(target_os = "linux")]
    buffer: Vec<std::mem::MaybeUninit<u8>>,
}

impl Names {
    pub(crate) fn iter(&self) -> impl Iterator<Item = Name<'_>> {
        let mut start = 0;
        self.list.iter().map(move |(end, kind, raw)| {
            let text = &self.text[start..*end];
            start = *end;
            Name { text, kind: *kind, raw: raw.map(|index| self.raw[index].as_slice()) }
        })
    }

    fn clear(&mut self) {
        self.text.clear();
        self.list.clear();
        self.raw.clear();
    }

    fn push(&mut self, name: &str, kind: Kind) {
        self.text.push_str(name);
        self.list.push((self.text.len(), kind, None));
    }

    fn push_raw(&mut self, raw: &[u8], kind: Kind) {
        self.text.push_str(&String::from_utf8_lossy(raw));
        self.list.push((self.text.len(), kind, Some(self.raw.len())));
        self.raw.push(raw.to_owned());
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

/// A path in the bytes that this system gave, for whoever takes no bytes.
#[cfg(unix)]
pub(crate) fn path_of(bytes: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

/// A path that was text when this system gave it.
#[cfg(not(unix))]
pub(crate) fn path_of(bytes: &[u8]) -> &Path {
    Path::new(std::str::from_utf8(bytes).unwrap_or_default())
}

impl Disk {
    /// The path of what is at `relative`, for whoever cannot ask here.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        if relative.is_empty() { self.dir.clone() } else { self.dir.join(relative) }
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStringExt;

    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, ResolveFlags, StatxFlags};
    use rustix::io::Errno;

    use super::*;

    pub(super) const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
    /// Nobody waits for the writer of a FIFO that took the place of a file.
    pub(super) const FILE: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

    /// A folder that was listed, and is still open.
    pub(crate) struct Folder(OwnedFd);

    impl Disk {
        pub(crate) fn open(dir: &Path) -> io::Result<Self> {
            let handle = rustix::fs::openat(rustix::fs::CWD, dir, DIRECTORY, Mode::empty())?;
            Ok(Self { dir: dir.to_owned(), handle })
        }

        pub(crate) fn file(&self, relative: &str) -> io::Result<File> {
            Ok(self.beneath(relative, FILE)?.into())
        }

        /// Open what is at `relative`, and nothing that a link leads to, in whatever part of the path: a folder that was
        /// one when it was listed may be a link by now.
        fn beneath(&self, relative: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
            static KNOWN: AtomicBool = AtomicBool::new(true);
            if KNOWN.load(Ordering::Relaxed) {
                let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
                match rustix::fs::openat2(&self.handle, relative, flags, Mode::empty(), resolve) {
                    // Linux before 5.6, or a container whose filter does not know the call.
                    Err(Errno::NOSYS | Errno::PERM) => KNOWN.store(false, Ordering::Relaxed),
                    opened => return opened,
                }
            }
            self.part_by_part(relative, flags)
        }

        pub(super) fn part_by_part(&self, relative: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
            let open = |from: &OwnedFd, part: &str, flags: OFlags| {
                rustix::fs::openat(from, part, flags | OFlags::NOFOLLOW, Mode::empty())
            };
            let relative = relative.trim_end_matches('/');
            let (folders, name) = relative.rsplit_once('/').unwrap_or(("", relative));
            let mut from = None;
            for part in folders.split('/').filter(|part| !part.is_empty()) {
                from = Some(open(from.as_ref().unwrap_or(&self.handle), part, DIRECTORY)?);
            }
            open(from.as_ref().unwrap_or(&self.handle), name, flags)
        }

        /// Fill `names` with what is in the folder at `relative`: empty for this one, or ending with a slash.
        pub(crate) fn list(&self, relative: &str, names: &mut Names) -> io::Result<Folder> {
            names.clear();
            let relative = if relative.is_empty() { "." } else { relative };
            let handle = self.beneath(relative, DIRECTORY)?;
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
                    Ok(name) => names.push(name, Kind::of(kind)),
                    Err(_) => names.push_raw(name, Kind::of(kind)),
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
    use crate::mode;

    /// A folder that was listed.
    pub(crate) struct Folder(PathBuf);

    impl Disk {
        pub(crate) fn open(dir: &Path) -> io::Result<Self> {
            fs::read_dir(dir)?;
            Ok(Self { dir: dir.to_owned() })
        }

        /// No part of the path may be a link. Whoever puts one there between the look and the opening is not seen.
        pub(crate) fn file(&self, relative: &str) -> io::Result<File> {
            let mut path = self.dir.clone();
            for part in relative.split('/') {
                path.push(part);
                if fs::symlink_metadata(&path)?.is_symlink() {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is behind a link"));
                }
            }
            mode::without_following(fs::OpenOptions::new().read(true)).open(path)
        }

        /// Fill `names` with what is in the folder at `relative`: empty for this one, or ending with a slash.
        pub(crate) fn list(&self, relative: &str, names: &mut Names) -> io::Result<Folder> {
            names.clear();
            for entry in fs::read_dir(self.path(relative))? {
                let entry = entry?;
                let (name, kind) = (entry.file_name(), Kind::of(entry.file_type()?));
                match name.to_str() {
                    Some(name) => names.push(&spelling::of_name(name), kind),
                    None => names.push_raw(name.as_encoded_bytes(), kind),
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// What happens between listing and opening, without any luck.
    #[test]
    fn a_folder_that_became_a_link_leads_nowhere() {
        let temp = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = temp.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("project/a/b/x", "ours");
        write("outside/b/x", "theirs");
        let disk = Disk::open(&temp.path().join("project")).unwrap();
        let text = |file: io::Result<File>| std::io::read_to_string(file?);
        assert_eq!(text(disk.file("a/b/x")).unwrap(), "ours");
        assert_eq!(
            text(disk.part_by_part("a/b/x", system::FILE).map(File::from).map_err(io::Error::from)).unwrap(),
            "ours"
        );
        let mut names = Names::default();
        disk.list("a/b/", &mut names).unwrap();
        std::fs::rename(temp.path().join("project/a"), temp.path().join("project/was")).unwrap();
        std::os::unix::fs::symlink("../outside", temp.path().join("project/a")).unwrap();
        assert!(
            disk.file("a/b/x").is_err()
                && disk.list("a/b/", &mut names).is_err()
                && disk.list("a/", &mut names).is_err()
        );
        assert!(
            disk.part_by_part("a/b/x", system::FILE).is_err() && disk.part_by_part("a/b/", system::DIRECTORY).is_err()
        );
        assert_eq!(text(disk.file("was/b/x")).unwrap(), "ours");
        // The same for the last part.
        std::os::unix::fs::symlink("../../outside/b/x", temp.path().join("project/was/y")).unwrap();
        assert!(disk.file("was/y").is_err() && disk.part_by_part("was/y", system::FILE).is_err());
    }
}
