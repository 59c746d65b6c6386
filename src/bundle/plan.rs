//! The decision: which files ship, from where, and what was left out.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::ui::Progress;
use crate::world::Interrupt;

use super::digest::TreeDigest;
use super::entry::{EntryPath, Mode};
use super::error::{Error, Problem, ProblemKind};
use super::output::{Draft, Output};
use super::pack::{Packed, Sink, pack};
use super::repository::Repository;
use super::rules::{RuleFile, Rules};
use super::scope::{Scope, Source};
use super::screen::{Traits, is_environment_file};
use super::walk::{FoundKind, LeftOut, Stamp, walk};

/// What Elastic Beanstalk's guide names as the limit, taken at its lowest reading.
pub const MAX_BYTES: u64 = 500_000_000;

/// Which files ship. Sorted by the bytes of their paths.
#[derive(Debug)]
pub struct Plan {
    root: PathBuf,
    source: Source,
    pub(crate) entries: Vec<Entry>,
    left_out: Vec<LeftOut>,
    problems: Vec<Problem>,
    allow: RuleFile,
}

/// One file or link that ships.
#[derive(Debug)]
pub struct Entry {
    pub(crate) path: EntryPath,
    pub(crate) origin: Origin,
}

#[derive(Debug)]
pub(crate) enum Origin {
    Disk(Stamp),
    Link(Box<str>),
}

impl Entry {
    pub fn path(&self) -> &EntryPath {
        &self.path
    }

    /// Scripts and hooks are executable wherever the bundle is made; for the rest, the file itself says it.
    pub(crate) fn mode(&self, traits: Traits) -> Mode {
        match &self.origin {
            Origin::Link(_) => Mode::Link,
            Origin::Disk(stamp) if stamp.executable || traits.script || self.is_hook() => Mode::Executable,
            Origin::Disk(_) => Mode::File,
        }
    }

    fn is_hook(&self) -> bool {
        let path = self.path.as_str();
        path.starts_with(".platform/hooks/") || path.starts_with(".platform/confighooks/")
    }

    /// Bytes of content; of a link, the length of its target.
    pub fn size(&self) -> u64 {
        match &self.origin {
            Origin::Disk(stamp) => stamp.size,
            Origin::Link(target) => target.len() as u64,
        }
    }
}

/// What a run that packs needs from the world.
#[derive(Clone)]
pub struct Errand<'a> {
    pub progress: &'a Progress,
    pub interrupt: &'a Interrupt,
    pub max_bytes: u64,
}

/// A bundle that was made.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub path: PathBuf,
    pub digest: TreeDigest,
    /// Length of the zip file.
    pub bytes: u64,
    pub entries: usize,
    /// What the author should know about it.
    pub notes: Vec<Note>,
}

/// Something in a bundle that works, or not, in a way that may surprise.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// A script whose first line ends with CR LF.
    CrlfScript(EntryPath),
    /// The pointer of git LFS instead of the file.
    LfsPointer(EntryPath),
    /// A link whose target does not ship.
    DanglingLink(EntryPath),
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CrlfScript(path) => {
                write!(f, "`{path}` has Windows line ends: Linux will not find the interpreter in its first line")
            }
            Self::LfsPointer(path) => write!(f, "`{path}` is a git LFS pointer, not the file: run `git lfs pull`"),
            Self::DanglingLink(path) => write!(f, "`{path}` is a link to something that is not in the bundle"),
        }
    }
}

impl Plan {
    /// Find out what ships. What would keep the bundle from being made is in [`Plan::problems`].
    pub fn read(scope: &Scope) -> Result<Self, Error> {
        let rules = Rules {
            exclude: (!scope.exclude.is_empty())
                .then(|| RuleFile::inside("[bundle] exclude", "", scope.exclude.join("\n").as_bytes())),
            outside: match Repository::discover(&scope.root) {
                Some(repository) => repository.outside_rules(&scope.root)?,
                None => Vec::new(),
            },
        };
        let walked = walk(&scope.root, &rules, threads())?;
        let mut entries: Vec<Entry> = walked
            .found
            .into_iter()
            .map(|found| Entry {
                path: found.path,
                origin: match found.kind {
                    FoundKind::File(stamp) => Origin::Disk(stamp),
                    FoundKind::Link(target) => Origin::Link(target),
                },
            })
            .collect();
        entries.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        let mut left_out = walked.left_out;
        left_out.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        let allow = RuleFile::inside("[bundle] allow", "", scope.allow.join("\n").as_bytes());
        let (root, source) = (scope.root.clone(), scope.source.clone());
        let mut plan = Self { root, source, entries, left_out, problems: walked.problems, allow };
        plan.find_clashes();
        plan.find_environment_files();
        plan.problems.sort_unstable();
        Ok(plan)
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The topmost paths that stay out, sorted, and why.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// What keeps the bundle from being made, as far as names show it. Contents are looked at when they are read.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Bytes of content.
    pub fn size(&self) -> u64 {
        self.entries.iter().map(Entry::size).sum()
    }

    pub(crate) fn disk_path(&self, entry: &Entry) -> PathBuf {
        self.root.join(entry.path.as_str())
    }

    /// May a file that looks like a secret ship all the same?
    pub(crate) fn allows(&self, path: &EntryPath) -> bool {
        let path = path.as_str();
        let folders = path.match_indices('/').map(|(end, _)| (&path[..end], true));
        folders
            .chain([(path, false)])
            .filter_map(|(path, is_directory)| self.allow.find_index(path, is_directory))
            .next_back()
            .is_some_and(|index| !self.allow.rule(index).keeps())
    }

    /// The digest of what ships, by reading all of it and writing nothing.
    pub fn digest(&self, errand: &Errand<'_>) -> Result<TreeDigest, Error> {
        self.sound()?;
        Ok(pack(self, Sink::Nowhere, errand)?.digest)
    }

    /// Make the bundle.
    pub fn write(&self, output: &Output, errand: &Errand<'_>) -> Result<Bundle, Error> {
        self.sound()?;
        if let Output::File(path) = output {
            self.refuse_inside(path)?;
        }
        let mut draft = Draft::create(output, errand.interrupt)?;
        let packed = pack(self, Sink::Draft(&mut draft), errand)?;
        let path = output.path(&packed.digest);
        draft.publish(&path)?;
        Ok(self.bundle(path, packed))
    }

    fn bundle(&self, path: PathBuf, packed: Packed) -> Bundle {
        let mut notes = packed.notes;
        notes.extend(self.dangling_links());
        Bundle { path, digest: packed.digest, bytes: packed.bytes, entries: self.entries.len(), notes }
    }

    /// Can the bundle be made, as far as names show it?
    pub fn sound(&self) -> Result<(), Error> {
        if !self.problems.is_empty() {
            return Err(Error::Problems { problems: self.problems.clone() });
        }
        if self.entries.is_empty() {
            return Err(Error::Empty { root: self.root.clone() });
        }
        Ok(())
    }

    /// A bundle that ships in the next bundle would make every digest differ from the last.
    fn refuse_inside(&self, output: &Path) -> Result<(), Error> {
        let dir = output.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (Ok(root), Ok(dir)) = (self.root.canonicalize(), dir.canonicalize()) else { return Ok(()) };
        let Ok(inside) = dir.strip_prefix(&root) else { return Ok(()) };
        let Some(name) = output.file_name() else { return Ok(()) };
        let path = inside.join(name);
        let is_out = path.ancestors().any(|part| {
            let part = part.to_string_lossy();
            self.left_out.iter().any(|out| out.path.trim_end_matches('/') == part)
        });
        if is_out { Ok(()) } else { Err(Error::OutputShips { path: output.to_owned() }) }
    }

    fn find_clashes(&mut self) {
        let mut problems = Vec::new();
        for pair in self.entries.windows(2) {
            if pair[0].path == pair[1].path {
                problems.push(Problem { path: pair[1].path.to_string(), kind: ProblemKind::SameName });
            }
        }
        // Only a name with something to lower can clash with another.
        let mut lowered: HashMap<String, &EntryPath> = HashMap::new();
        for entry in &self.entries {
            let path = entry.path.as_str();
            if path.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii())
                && let Some(other) = lowered.insert(path.to_lowercase(), &entry.path)
                && *other != entry.path
            {
                let kind = ProblemKind::CaseClash { with: other.to_string() };
                problems.push(Problem { path: entry.path.to_string(), kind });
            }
        }
        for entry in &self.entries {
            if let Some(other) = lowered.get(entry.path.as_str())
                && **other != entry.path
            {
                let kind = ProblemKind::CaseClash { with: other.to_string() };
                problems.push(Problem { path: entry.path.to_string(), kind });
            }
        }
        self.problems.append(&mut problems);
    }

    fn find_environment_files(&mut self) {
        let suspects = self.entries.iter().filter(|entry| is_environment_file(entry.path.name()));
        let refused = suspects.filter(|entry| !self.allows(&entry.path));
        let problems: Vec<Problem> =
            refused.map(|entry| Problem { path: entry.path.to_string(), kind: ProblemKind::Environment }).collect();
        self.problems.extend(problems);
    }

    fn dangling_links(&self) -> Vec<Note> {
        let dangling = |entry: &Entry| match &entry.origin {
            Origin::Link(target) => !self.has(&resolved(&entry.path, target)),
            Origin::Disk(_) => false,
        };
        self.entries
            .iter()
            .filter(|entry| dangling(entry))
            .map(|entry| Note::DanglingLink(entry.path.clone()))
            .collect()
    }

    /// Is there an entry at `path`, or a folder of entries?
    fn has(&self, path: &str) -> bool {
        if path.is_empty() {
            return true;
        }
        let after = self.entries.partition_point(|entry| entry.path.as_str() < path);
        let below = format!("{path}/");
        let exact = self.entries.get(after).is_some_and(|entry| entry.path.as_str() == path);
        let start = self.entries.partition_point(|entry| entry.path.as_str() < below.as_str());
        exact || self.entries.get(start).is_some_and(|entry| entry.path.as_str().starts_with(&below))
    }

    /// The folders with the most content, two levels deep.
    pub fn largest(&self, number: usize) -> Vec<(String, u64)> {
        let mut folders: BTreeMap<&str, u64> = BTreeMap::new();
        for entry in &self.entries {
            let path = entry.path.as_str();
            let end = path.match_indices('/').map(|(at, _)| at + 1).take(2).last().unwrap_or(path.len());
            *folders.entry(&path[..end]).or_default() += entry.size();
        }
        let mut folders: Vec<(String, u64)> = folders.into_iter().map(|(path, size)| (path.to_owned(), size)).collect();
        folders.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        folders.truncate(number);
        folders
    }
}

/// Where a link leads, relative to the root.
fn resolved(link: &EntryPath, target: &str) -> String {
    let mut parts: Vec<&str> = link.as_str().split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// How many threads work. It shows in no byte of the result.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(16)
}
