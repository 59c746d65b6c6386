//! One file or link that ships, and where its content is.

use crate::bundle::entry::{EntryPath, Mode};
use crate::bundle::flags::ContentFlags;

use super::disk::Stamp;

/// One file or link that ships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(crate) path: EntryPath,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Disk {
        root: u16,
        stamp: Stamp,
        /// As the disk says, or git where the disk cannot tell.
        executable: bool,
    },
    Link(Box<str>),
    /// A content in a git repository.
    Blob {
        repository: u16,
        id: Box<str>,
        size: u64,
        executable: bool,
    },
}

impl Entry {
    pub fn path(&self) -> &EntryPath {
        &self.path
    }

    /// Scripts and hooks are executable wherever the bundle is made; for the rest, the file itself says it.
    pub(crate) fn mode(&self, flags: ContentFlags) -> Mode {
        let marked = match &self.origin {
            Origin::Link(_) => return Mode::Link,
            Origin::Disk { executable, .. } | Origin::Blob { executable, .. } => *executable,
        };
        if marked || flags.script || self.is_hook() { Mode::Executable } else { Mode::File }
    }

    fn is_hook(&self) -> bool {
        let path = self.path.as_str();
        path.starts_with(".platform/hooks/") || path.starts_with(".platform/confighooks/")
    }

    /// Bytes of content; of a link, the length of its target.
    pub fn size(&self) -> u64 {
        match &self.origin {
            Origin::Disk { stamp, .. } => stamp.size,
            Origin::Blob { size, .. } => *size,
            Origin::Link(target) => target.len() as u64,
        }
    }
}
