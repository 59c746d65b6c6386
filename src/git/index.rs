//! git's index: what is tracked, and how files were when git last looked. The file `.git/index`, in versions 2 to 4.
//!
//! Asking `git status` means that every file is looked at a second time, and that programs run which the repository names.
//! The walk has looked at the files already, and the index says how they were when git did. The format is git's own
//! (`gitformat-index`). It is read where it lies, with a few numbers for each entry beside it: a list of it would need as
//! much memory again.

use crate::file;

use super::repository::Repository;
use super::{Error, Git, ItemMode, fields};

/// The index of a work tree. Its entries are sorted by the bytes of their paths.
#[derive(Debug)]
pub(crate) struct Index {
    bytes: Vec<u8>,
    rows: Vec<Row>,
    /// Bytes of an object's name.
    id: usize,
    /// The tree that a commit of this index would have, in hex, if git has noted it down.
    pub(crate) tree: Option<String>,
}

/// Where the parts of one entry are.
#[derive(Debug, Clone, Copy)]
struct Row {
    path: u32,
    length: u32,
    id: u32,
    /// Where its times begin; none in a listing.
    seen: Option<std::num::NonZeroU32>,
    mode: ItemMode,
    flags: u8,
}

const STAGED: u8 = 3;
const ASSUME_UNCHANGED: u8 = 1 << 2;
const SKIP_WORKTREE: u8 = 1 << 3;
const INTENT_TO_ADD: u8 = 1 << 4;

/// One path of the index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// From the top of the work tree.
    pub(crate) path: &'a [u8],
    pub(crate) mode: ItemMode,
    pub(crate) id: &'a [u8],
    /// None where only git itself can read the index.
    pub(crate) seen: Option<Seen>,
    flags: u8,
}

impl Entry<'_> {
    /// Is there a conflict about it?
    pub(crate) fn is_unmerged(&self) -> bool {
        self.flags & STAGED != 0
    }

    /// Is it left out of a sparse work tree?
    pub(crate) fn skips_worktree(&self) -> bool {
        self.flags & SKIP_WORKTREE != 0
    }

    /// Is only its name there so far (`git add -N`)?
    pub(crate) fn is_to_be_added(&self) -> bool {
        self.flags & INTENT_TO_ADD != 0
    }
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

impl Index {
    /// The index of `repository`; none before anything was added.
    pub(crate) fn read(repository: &Repository) -> Result<Option<Self>, Error> {
        let bytes = match file::read_if_there(&repository.git_dir.join("index"))? {
            Some(bytes) => bytes,
            None => return Ok(None),
        };
        if let Some(index) = Self::parse(bytes, repository.id_length()) {
            return Ok(Some(index));
        }
        let listing = Git::reading(repository)?.run(&["ls-files", "-v", "--stage", "-z", "--full-name"])?;
        let broken =
            || Error::Failed { command: "git ls-files".to_owned(), message: "said what nobody understands".to_owned() };
        Self::of_listing(&listing).map(Some).ok_or_else(broken)
    }

    /// Read an index whose object names have `id` bytes. None if it is not one, or not a plain one: what a split or sparse
    /// index has is for git to tell, and [`Index::of_listing`] reads that.
    pub(crate) fn parse(mut bytes: Vec<u8>, id: usize) -> Option<Self> {
        // The last thing is a checksum, which may be zero. What matters is compared with the files themselves.
        let end = bytes.len().checked_sub(id)?;
        let mut reader = Reader { bytes: &bytes[..end], at: 0 };
        if reader.take(4)? != b"DIRC" {
            return None;
        }
        let version = reader.u32()?;
        if !(2..=4).contains(&version) {
            return None;
        }
        let count = reader.u32()?;
        // Paths of version 4 are put together behind the file.
        let (mut expanded, mut path) = (Vec::new(), Vec::new());
        // What claims more entries than there is room for is not believed.
        let mut rows = Vec::with_capacity(usize::try_from(count).ok()?.min(end / 62));
        for _ in 0..count {
            let start = reader.at;
            let seen = std::num::NonZeroU32::new(u32::try_from(start).ok()?);
            reader.take(24)?; // times, device, inode
            let mode = ItemMode::of(reader.u32()?)?;
            reader.take(12)?; // user, group, size
            let object = u32::try_from(reader.at).ok()?;
            reader.take(id)?;
            let flags = reader.u16()?;
            let more = if flags & 0x4000 == 0 { 0 } else { reader.u16()? };
            let mut own = (flags >> 12 & 3) as u8;
            own |= if flags & 0x8000 == 0 { 0 } else { ASSUME_UNCHANGED };
            own |= if more & 0x4000 == 0 { 0 } else { SKIP_WORKTREE };
            own |= if more & 0x2000 == 0 { 0 } else { INTENT_TO_ADD };
            let (at, length) = if version == 4 {
                let kept = path.len().checked_sub(reader.offset()?)?;
                path.truncate(kept);
                path.extend_from_slice(reader.until_nul()?);
                expanded.extend_from_slice(&path);
                (bytes.len() + expanded.len() - path.len(), path.len())
            } else {
                let at = reader.at;
                let length = reader.until_nul()?.len();
                // Entries are filled up to eight bytes, with one to eight NUL.
                let whole = reader.at - start;
                reader.take(whole.next_multiple_of(8) - whole)?;
                (at, length)
            };
            let (path, length) = (u32::try_from(at).ok()?, u32::try_from(length).ok()?);
            rows.push(Row { path, length, id: object, seen, mode, flags: own });
        }
        let mut tree = None;
        while reader.at < end {
            let name = reader.take(4)?;
            let length = reader.u32()? as usize;
            let content = reader.take(length)?;
            match name {
                b"TREE" => tree = root_tree(content, id),
                // An extension in lower-case letters changes the meaning of the rest.
                [b'A'..=b'Z', ..] => {}
                _ => return None,
            }
        }
        bytes.append(&mut expanded);
        let index = Self { bytes, rows, id, tree };
        index.is_sorted().then_some(index)
    }

    /// Read what `git ls-files -v --stage -z` says of an index: `<tag> <mode> <id> <stage>\t<path>`. How the files were is
    /// not in it.
    pub(crate) fn of_listing(listing: &[u8]) -> Option<Self> {
        let mut index = Self { bytes: Vec::new(), rows: Vec::new(), id: 20, tree: None };
        for line in fields(listing) {
            let tab = memchr::memchr(b'\t', line)?;
            let words: Vec<&str> = std::str::from_utf8(&line[..tab]).ok()?.split(' ').collect();
            let &[tag, mode, id, stage] = words.as_slice() else { return None };
            let mut flags = stage.parse::<u8>().ok().filter(|stage| *stage <= STAGED)?;
            flags |= if tag.starts_with(|tag: char| tag.is_ascii_lowercase()) { ASSUME_UNCHANGED } else { 0 };
            flags |= if tag.eq_ignore_ascii_case("s") { SKIP_WORKTREE } else { 0 };
            index.id = id.len() / 2;
            let object = u32::try_from(index.bytes.len()).ok()?;
            index.bytes.extend(unhex(id)?);
            let path = u32::try_from(index.bytes.len()).ok()?;
            index.bytes.extend_from_slice(&line[tab + 1..]);
            let length = u32::try_from(line.len() - tab - 1).ok()?;
            index.rows.push(Row { path, length, id: object, seen: None, mode: ItemMode::parse(mode)?, flags });
        }
        index.is_sorted().then_some(index)
    }

    fn is_sorted(&self) -> bool {
        self.rows.windows(2).all(|pair| self.path(pair[0]) <= self.path(pair[1]))
    }

    fn path(&self, row: Row) -> &[u8] {
        &self.bytes[row.path as usize..][..row.length as usize]
    }

    fn entry(&self, row: Row) -> Entry<'_> {
        let seen = row.seen.map(|start| {
            let word = |number: usize| {
                let at = start.get() as usize + number * 4;
                u32::from_be_bytes(self.bytes[at..at + 4].try_into().expect("an entry was read once"))
            };
            // Device, mode, user and group are left over.
            Seen { changed: (word(0), word(1)), modified: (word(2), word(3)), inode: word(5), size: word(9) }
        });
        let id = &self.bytes[row.id as usize..][..self.id];
        Entry { path: self.path(row), mode: row.mode, id, seen, flags: row.flags }
    }

    fn rows_below(&self, prefix: &[u8]) -> impl Iterator<Item = Row> {
        let start = self.rows.partition_point(|row| self.path(*row) < prefix);
        self.rows[start..].iter().copied().take_while(move |row| self.path(*row).starts_with(prefix))
    }

    /// The entries whose paths begin with `prefix`.
    pub(crate) fn below(&self, prefix: &[u8]) -> impl Iterator<Item = Entry<'_>> {
        self.rows_below(prefix).map(|row| self.entry(row))
    }

    /// The paths below `prefix` that git has not finished to merge: what lies there is neither side's.
    pub(crate) fn unmerged(&self, prefix: &[u8]) -> Vec<&[u8]> {
        let staged = self.rows_below(prefix).filter(|row| row.flags & STAGED != 0);
        let mut paths: Vec<&[u8]> = staged.map(|row| self.path(row)).collect();
        // Each side is an entry.
        paths.dedup();
        paths
    }

    pub(crate) fn has(&self, path: &[u8]) -> bool {
        self.rows.binary_search_by(|row| self.path(*row).cmp(path)).is_ok()
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
    pairs.collect()
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

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
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
        let end = memchr::memchr(0, &self.bytes[self.at..])?;
        let name = &self.bytes[self.at..self.at + end];
        self.at += end + 1;
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
            if let Some(index) = Index::parse(bytes, 20) {
                prop_assert_eq!(index.below(b"").count(), count as usize);
            }
            let _ = Index::parse(rest.clone(), 32);
            let _ = Index::of_listing(&rest);
        }
    }

    #[test]
    fn what_is_not_merged_is_named_once() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let entries = ["0\ta", "1\tc/d", "2\tc/d", "3\tc/d", "2\tc/e", "0\tc/f", "1\td"];
        let listing: String = entries.iter().map(|entry| format!("H 100644 {id} {entry}\0")).collect();
        let index = Index::of_listing(listing.as_bytes()).expect("a listing");
        assert_eq!(index.unmerged(b"c/"), [b"c/d", b"c/e"]);
        assert_eq!(index.unmerged(b"").len(), 3);
        assert!(index.unmerged(b"x/").is_empty());
    }

    #[test]
    fn a_listing_is_an_index_without_times() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let listing = format!("H 100644 {id} 0\ta b\0S 100755 {id} 0\tc/d\0h 120000 {id} 2\tc/e\0");
        let index = Index::of_listing(listing.as_bytes()).expect("a listing");
        let below: Vec<_> = index.below(b"c/").collect();
        assert!(matches!(below.as_slice(), [skipped, conflict] if skipped.skips_worktree() && conflict.is_unmerged()));
        assert!(index.has(b"a b") && !index.has(b"c") && below.iter().all(|entry| entry.seen.is_none()));
        assert!(Index::of_listing(b"H 100644 zz 0\ta\0").is_none());
    }
}
