//! The last commit and its tree, read from the files of a repository (`gitformat-pack`, `gitrepository-layout`).
//!
//! Starting git takes longer than packaging a small project. So the common case is read here, and whatever these files do
//! not say plainly (deltas, alternates, replaced objects, other ways to keep references) is left for git to tell.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use crate::file;
use crate::hex;

use super::repository::Repository;
use super::{Error, Git};

/// The commit that is checked out, and its tree, in hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) commit: String,
    pub(crate) tree: String,
}

/// A symbolic reference may lead to another one, but not for ever.
const MOST_STEPS: usize = 5;
/// Enough of an object, packed and unpacked, to have its first line.
const PACKED: usize = 4096;
const UNPACKED: usize = 128;

impl Head {
    /// None before the first commit.
    pub(crate) fn of(repository: &Repository) -> Result<Option<Self>, Error> {
        if let Some(head) = Self::read(repository) {
            return Ok(Some(head));
        }
        match Git::reading(repository)?.run(&["rev-parse", "HEAD", "HEAD^{tree}"]) {
            Ok(said) => {
                let said = String::from_utf8_lossy(&said);
                let mut lines = said.lines().map(str::to_owned);
                Ok(lines.next().zip(lines.next()).map(|(commit, tree)| Self { commit, tree }))
            }
            Err(Error::Failed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// None before the first commit, and where git has to be asked.
    fn read(repository: &Repository) -> Option<Self> {
        let common = repository.common();
        let packed = file::read_if_there(&common.join("packed-refs")).ok()?.unwrap_or_default();
        let packed = String::from_utf8(packed).ok()?;
        // Objects may be replaced by others.
        if common.join("refs/replace").exists() || packed.contains(" refs/replace/") {
            return None;
        }
        let commit = resolve(&file::read_text(&repository.git_dir.join("HEAD")).ok()?, common, &packed)?;
        let tree = tree_of(&commit, &common.join("objects"))?;
        Some(Self { commit, tree })
    }
}

/// The branch that is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Branch {
    Named(String),
    /// A commit without a branch, as pipelines check it out.
    Detached,
}

impl Branch {
    /// Also before the first commit.
    pub(crate) fn of(repository: &Repository) -> Option<Self> {
        let head = file::read_text(&repository.git_dir.join("HEAD")).ok()?;
        match head.trim_end().strip_prefix("ref: refs/heads/") {
            None => Some(Self::Detached),
            // Where references are kept in another way.
            Some(".invalid") => {
                let name = Git::reading(repository).ok()?.run(&["symbolic-ref", "--short", "--quiet", "HEAD"]);
                let named = |name: Vec<u8>| Self::Named(String::from_utf8_lossy(&name).trim_end().to_owned());
                Some(name.map_or(Self::Detached, named))
            }
            Some(name) => Some(Self::Named(name.to_owned())),
        }
    }
}

/// The commit that the text of a reference leads to.
fn resolve(text: &str, common: &Path, packed: &str) -> Option<String> {
    let mut text = text.trim_end().to_owned();
    for _ in 0..MOST_STEPS {
        let Some(name) = text.strip_prefix("ref: ") else {
            return is_id(&text).then_some(text);
        };
        // Other references belong to one work tree, or are no branch.
        if !name.starts_with("refs/heads/") || name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return None;
        }
        text = match file::read_text(&common.join(name)) {
            Ok(text) => text.trim_end().to_owned(),
            Err(_) => packed.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix(' '))?.to_owned(),
        };
    }
    None
}

fn is_id(text: &str) -> bool {
    hex::is_digits(text, 40) || hex::is_digits(text, 64)
}

fn tree_of(commit: &str, objects: &Path) -> Option<String> {
    let loose = objects.join(&commit[..2]).join(&commit[2..]);
    let content = match File::open(loose) {
        Ok(file) => {
            let start = inflated(file)?;
            let header = start.iter().position(|byte| *byte == 0)?;
            if !start.starts_with(b"commit ") {
                return None;
            }
            start[header + 1..].to_vec()
        }
        Err(_) => packed_commit(commit, &objects.join("pack"))?,
    };
    let line = content.strip_prefix(b"tree ")?.split(|byte| *byte == b'\n').next()?;
    let tree = std::str::from_utf8(line).ok()?;
    (is_id(tree) && tree.len() == commit.len()).then(|| tree.to_owned())
}

/// The beginning of what `from` holds deflated.
fn inflated(from: impl Read) -> Option<Vec<u8>> {
    let mut packed = Vec::with_capacity(PACKED);
    from.take(PACKED as u64).read_to_end(&mut packed).ok()?;
    let mut out = vec![0; UNPACKED];
    let flags = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (_, _, length) = decompress(&mut DecompressorOxide::new(), &packed, &mut out, 0, flags);
    out.truncate(length);
    Some(out)
}

/// The beginning of a commit that is in one of the packs, whole.
fn packed_commit(commit: &str, packs: &Path) -> Option<Vec<u8>> {
    const COMMIT: u8 = 1;
    let id: Vec<u8> = (0..commit.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&commit[at..at + 2], 16))
        .collect::<Result<_, _>>()
        .ok()?;
    let indexes = std::fs::read_dir(packs).ok()?.flatten().map(|entry| entry.path());
    let (pack, offset) = indexes
        .filter(|path| path.extension().is_some_and(|extension| extension == "idx"))
        .find_map(|index| Some((index.with_extension("pack"), offset_in(&index, &id)?)))?;
    let mut file = BufReader::with_capacity(PACKED, at(&pack, offset)?);
    // Kind and length, seven bits a byte after the first.
    let mut byte = [0];
    file.read_exact(&mut byte).ok()?;
    let kind = byte[0] >> 4 & 7;
    while byte[0] & 0x80 != 0 {
        file.read_exact(&mut byte).ok()?;
    }
    if kind == COMMIT { inflated(file) } else { None }
}

fn at(path: &PathBuf, offset: u64) -> Option<File> {
    let mut file = File::open(path).ok()?;
    file.seek(SeekFrom::Start(offset)).ok()?;
    Some(file)
}

/// Where in its pack the object `id` is, by an index of version 2.
fn offset_in(index: &PathBuf, id: &[u8]) -> Option<u64> {
    const HEADER: u64 = 8;
    const NAMES: u64 = HEADER + 256 * 4;
    let mut head = vec![0; NAMES as usize];
    let mut file = File::open(index).ok()?;
    file.read_exact(&mut head).ok()?;
    if !head.starts_with(b"\xfftOc\0\0\0\x02") {
        return None;
    }
    let word = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().expect("a word has four bytes"));
    let fan = |byte: usize| u64::from(word(&head[HEADER as usize + byte * 4..][..4]));
    let (first, end, total) = (if id[0] == 0 { 0 } else { fan(usize::from(id[0]) - 1) }, fan(id[0].into()), fan(255));
    let width = id.len() as u64;
    // What claims more objects than the file has room for is not believed.
    if first > end || end > total || file.metadata().ok()?.len() < NAMES + total * (width + 8) {
        return None;
    }
    let mut names = vec![0; usize::try_from((end - first) * width).ok()?];
    file.seek(SeekFrom::Start(NAMES + first * width)).ok()?;
    file.read_exact(&mut names).ok()?;
    let place = first + names.chunks_exact(id.len()).position(|name| name == id)? as u64;
    let offsets = NAMES + total * (width + 4);
    let mut offset = [0; 4];
    file.seek(SeekFrom::Start(offsets + place * 4)).ok()?;
    file.read_exact(&mut offset).ok()?;
    let offset = word(&offset);
    if offset & 0x8000_0000 == 0 {
        return Some(offset.into());
    }
    let mut large = [0; 8];
    file.seek(SeekFrom::Start(offsets + total * 4 + u64::from(offset & 0x7fff_ffff) * 8)).ok()?;
    file.read_exact(&mut large).ok()?;
    Some(u64::from_be_bytes(large))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn references_lead_to_commits() {
        let dir = tempfile::tempdir().unwrap();
        let common = dir.path();
        let id = "0123456789abcdef0123456789abcdef01234567";
        fs::create_dir_all(common.join("refs/heads/a")).unwrap();
        fs::write(common.join("refs/heads/main"), format!("{id}\n")).unwrap();
        fs::write(common.join("refs/heads/loop"), "ref: refs/heads/loop\n").unwrap();
        let packed = format!("# pack-refs with: peeled\n{} refs/heads/a/b\n", id.replace('0', "f"));
        let case = |text: &str| resolve(text, common, &packed);
        assert_eq!(case("ref: refs/heads/main\n").as_deref(), Some(id));
        assert_eq!(case(id).as_deref(), Some(id));
        assert_eq!(case("ref: refs/heads/a/b\n"), Some(id.replace('0', "f")));
        // The end of another name is another name.
        assert_eq!(case("ref: refs/heads/b\n"), None);
        assert_eq!(case("ref: refs/heads/loop\n"), None);
        assert_eq!(case("ref: refs/heads/../heads/main\n"), None);
        assert_eq!(case("ref: refs/heads/.invalid\n"), None);
        assert_eq!(case("nonsense"), None);
    }

    #[test]
    fn broken_files_tell_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("pack-a.idx");
        let id = [7; 20];
        for bytes in [&b""[..], b"\xfftOc\0\0\0\x02", &[0xff; 2000]] {
            fs::write(&index, bytes).unwrap();
            assert_eq!(offset_in(&index, &id), None);
        }
        // A fan that promises more than there is.
        let mut bytes = b"\xfftOc\0\0\0\x02".to_vec();
        bytes.extend([0x7f_u8; 256 * 4]);
        fs::write(&index, bytes).unwrap();
        assert_eq!(offset_in(&index, &id), None);
        assert_eq!(inflated(&b"no zlib"[..]), Some(Vec::new()));
    }
}
