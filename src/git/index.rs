//! git's index, as far as it tells what was committed: the file `.git/index`, in versions 2 to 4.
//!
//! Asking `git status` means that every file is looked at a second time. The walk has looked at them already, and the
//! index says how they were when git did. The format is git's own (`gitformat-index`). It is read where it lies: a list of
//! it would need as much memory again.

/// The index of a work tree. Only made of an index that says it plainly: no split or sparse index, no conflict,
/// no entry that git was told to believe without looking.
#[derive(Debug)]
pub(crate) struct GitIndex<'a> {
    entries: &'a [u8],
    count: u32,
    form: Form,
    /// The tree that a commit of this index would have, in hex, if git has noted it down.
    pub(crate) tree: Option<String>,
}

/// Layout of the entries.
#[derive(Debug, Clone, Copy)]
struct Form {
    version: u32,
    /// Bytes of an object's name.
    id: usize,
}

/// State of a file when git last looked, in git's own measure: 32 bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Seconds and nanoseconds.
    pub(crate) changed: (u32, u32),
    pub(crate) modified: (u32, u32),
    pub(crate) inode: u32,
    pub(crate) size: u32,
}

impl<'a> GitIndex<'a> {
    /// Read an index whose object names have `id` bytes. None if it is not one, or not a plain one.
    pub(crate) fn parse(bytes: &'a [u8], id: usize) -> Option<Self> {
        // The last thing is a checksum, which may be zero. What matters is compared with the files themselves.
        let mut reader = Reader(bytes.get(..bytes.len().checked_sub(id)?)?);
        if reader.take(4)? != b"DIRC" {
            return None;
        }
        let form = Form { version: reader.u32()?, id };
        if !(2..=4).contains(&form.version) {
            return None;
        }
        let mut index = Self { count: reader.u32()?, entries: reader.0, form, tree: None };
        let mut path = Vec::new();
        for _ in 0..index.count {
            form.entry(&mut reader, &mut path)?;
        }
        while !reader.0.is_empty() {
            let name = reader.take(4)?;
            let length = reader.u32()? as usize;
            let content = reader.take(length)?;
            match name {
                b"TREE" => index.tree = root_tree(content, id),
                // An extension in lower-case letters changes the meaning of the rest.
                [b'A'..=b'Z', ..] => {}
                _ => return None,
            }
        }
        Some(index)
    }

    /// Look at the paths from the top of the work tree and how their files were, sorted by the bytes of the path, until
    /// `look` has seen enough.
    pub(crate) fn each(&self, mut look: impl FnMut(&[u8], Seen) -> Option<()>) -> Option<()> {
        let mut reader = Reader(self.entries);
        let mut path = Vec::new();
        for _ in 0..self.count {
            let seen = self.form.entry(&mut reader, &mut path).expect("all entries were read once");
            look(&path, seen)?;
        }
        Some(())
    }
}

impl Form {
    /// Read an entry; `path` is that of the one before, and becomes that of this one.
    fn entry(self, reader: &mut Reader<'_>, path: &mut Vec<u8>) -> Option<Seen> {
        let before = reader.0.len();
        let changed = (reader.u32()?, reader.u32()?);
        let modified = (reader.u32()?, reader.u32()?);
        reader.u32()?; // device
        let inode = reader.u32()?;
        let mode = reader.u32()?;
        reader.take(8)?; // user and group
        let size = reader.u32()?;
        reader.take(self.id)?;
        let flags = reader.u16()?;
        const STAGE: u16 = 0x3000;
        const EXTENDED: u16 = 0x4000;
        const ASSUME_UNCHANGED: u16 = 0x8000;
        if flags & EXTENDED != 0 && reader.u16()? != 0 {
            return None; // to be added, or left out of a sparse work tree
        }
        let is_file_or_link = matches!(mode >> 12, 0o10 | 0o12);
        if flags & (STAGE | ASSUME_UNCHANGED) != 0 || !is_file_or_link {
            return None;
        }
        let kept = if self.version == 4 { path.len().checked_sub(reader.offset()?)? } else { 0 };
        path.truncate(kept);
        path.extend_from_slice(reader.until_nul()?);
        if self.version < 4 {
            // Entries are filled up to eight bytes, with one to eight NUL.
            let length = before - reader.0.len();
            reader.take(length.next_multiple_of(8) - length)?;
        }
        Some(Seen { changed, modified, inode, size })
    }
}

/// The first record of the `TREE` extension: an empty path, the number of entries (negative if the tree is not known), a
/// space, the number of sub-trees, a line end and the name of the tree.
fn root_tree(content: &[u8], id: usize) -> Option<String> {
    let rest = content.strip_prefix(b"\0")?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    if rest.starts_with(b"-") {
        return None;
    }
    let tree = rest.get(end + 1..end + 1 + id)?;
    Some(crate::hex::encode(tree))
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes(bytes.try_into().expect("two bytes were taken")))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4).map(|bytes| u32::from_be_bytes(bytes.try_into().expect("four bytes were taken")))
    }

    /// Seven bits a byte, the most significant first, and one more for every byte that follows.
    fn offset(&mut self) -> Option<usize> {
        let mut byte = self.take(1)?[0];
        let mut value = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = self.take(1)?[0];
            value = value.checked_add(1)?.checked_mul(128)? | usize::from(byte & 0x7f);
        }
        Some(value)
    }

    fn until_nul(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(0, self.0)?;
        let name = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(count in 0u32..5, version in 1u32..6, rest in proptest::collection::vec(any::<u8>(), 0..400)) {
            let bytes = [b"DIRC".as_slice(), &version.to_be_bytes(), &count.to_be_bytes(), &rest].concat();
            if let Some(index) = GitIndex::parse(&bytes, 20) {
                let mut number = 0;
                let all = index.each(|_, _| { number += 1; Some(()) });
                prop_assert_eq!((all, number), (Some(()), count));
            }
            let _ = GitIndex::parse(&rest, 32);
        }
    }
}
