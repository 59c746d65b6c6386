//! The decision: which files ship, from where, and what was left out.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::ui::Progress;
use crate::world::Interrupt;

use super::cache::{self, Cache, Known};
use super::digest::TreeDigest;
use super::entry::{EntryPath, Mode};
use super::error::{Error, Problem, ProblemKind};
use super::git::{Git, Tree};
use super::manifest::Manifest;
use super::output::{Draft, Output};
use super::pack::{Packed, Review, Sealed, Sink, pack};
use super::repository::Repository;
use super::rules::{EbCli, LeftOut, Reason, RuleFile, Rules};
use super::scope::{IgnoreMode, Scope, Source};
use super::screen::{Traits, is_environment_file};
use super::tracked::Tracked;
use super::walk::{FoundKind, Stamp, walk};

/// What Elastic Beanstalk's guide names as the limit, taken at its lowest reading.
pub const MAX_BYTES: u64 = 500_000_000;

/// Which files ship. Sorted by the bytes of their paths.
#[derive(Debug)]
pub struct Plan {
    root: PathBuf,
    source: Source,
    revision: Option<String>,
    roots: Vec<Root>,
    pub(crate) repositories: Vec<Git>,
    pub(crate) entries: Vec<Entry>,
    left_out: Vec<LeftOut>,
    kept: Vec<LeftOut>,
    problems: Vec<Problem>,
    allow: RuleFile,
}

/// A folder on disk, and where in the bundle it is: empty, or ending with a slash.
#[derive(Debug)]
struct Root {
    at: String,
    dir: PathBuf,
}

/// One file or link that ships.
#[derive(Debug)]
pub struct Entry {
    pub(crate) path: EntryPath,
    pub(crate) origin: Origin,
}

#[derive(Debug)]
pub(crate) enum Origin {
    Disk {
        root: u16,
        stamp: Stamp,
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
    pub(crate) fn mode(&self, traits: Traits) -> Mode {
        let marked = match &self.origin {
            Origin::Link(_) => return Mode::Link,
            Origin::Disk { stamp, .. } => stamp.executable,
            Origin::Blob { executable, .. } => *executable,
        };
        if marked || traits.script || self.is_hook() { Mode::Executable } else { Mode::File }
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

/// Why a path is in or out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Why {
    pub path: String,
    pub ships: bool,
    /// The rule, and the path that it matched: this one, or a folder above it.
    pub decided: LeftOut,
}

/// What a run that packs needs from the world.
#[derive(Clone)]
pub struct Errand<'a> {
    pub progress: &'a Progress,
    pub interrupt: &'a Interrupt,
    pub max_bytes: u64,
    /// The folder of earlier bundles, which save work, and whether to prove that they do not lie.
    pub cache: Option<(&'a Path, Trust)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// What looks unchanged is taken from the cache.
    Believe,
    /// Everything is read again, and compared with the cache.
    Prove,
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
    /// Entries that were taken from the previous bundle.
    pub reused: usize,
    /// Was the bundle there already, and was nothing written?
    pub unchanged: bool,
    sealed: Vec<Sealed>,
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
        let allow = RuleFile::inside("[bundle] allow", "", scope.allow.join("\n").as_bytes());
        let mut plan = Self {
            root: scope.root.clone(),
            source: scope.source.clone(),
            revision: None,
            roots: Vec::new(),
            repositories: Vec::new(),
            entries: Vec::new(),
            left_out: Vec::new(),
            kept: Vec::new(),
            problems: Vec::new(),
            allow,
        };
        match &scope.source {
            Source::Worktree => plan.read_folders(scope)?,
            Source::Index => plan.read_git(scope, &|_| Ok(Tree::Index))?,
            Source::Revision(name) => plan.read_git(scope, &|git| git.commit(name).map(Tree::Commit))?,
        }
        plan.entries.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        plan.left_out.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        plan.kept.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        plan.find_clashes();
        plan.find_environment_files();
        plan.problems.sort_unstable();
        Ok(plan)
    }

    fn read_folders(&mut self, scope: &Scope) -> Result<(), Error> {
        for (at, dir) in folders(scope) {
            let mut rules = Rules { exclude: exclude(scope, &at), ..Rules::default() };
            match scope.ignore {
                IgnoreMode::Git => {
                    if let Some(path) = &scope.global_excludes {
                        rules.outside.extend(global_excludes(path)?);
                    }
                    if let Some(repository) = Repository::discover(&dir) {
                        rules.outside.extend(repository.outside_rules(&dir)?);
                    }
                }
                IgnoreMode::EbCli => rules.eb_cli = Some(EbCli { file: eb_cli_file(&dir)? }),
            }
            let root = u16::try_from(self.roots.len()).expect("nobody includes so many folders");
            let mut walked = walk(&dir, &at, &rules, threads())?;
            self.roots.push(Root { at, dir });
            self.entries.extend(walked.found.into_iter().map(|found| Entry {
                path: found.path,
                origin: match found.kind {
                    FoundKind::File(stamp) => Origin::Disk { root, stamp },
                    FoundKind::Link(target) => Origin::Link(target),
                },
            }));
            self.left_out.append(&mut walked.left_out);
            self.kept.append(&mut walked.kept);
            self.problems.append(&mut walked.problems);
        }
        Ok(())
    }

    fn read_git(&mut self, scope: &Scope, tree: &dyn Fn(&Git) -> Result<Tree, Error>) -> Result<(), Error> {
        let mut tracked = Tracked::default();
        for (at, dir) in folders(scope) {
            let canonical = dir.canonicalize().map_err(|source| Error::Read { path: dir.clone(), source })?;
            let repository =
                Repository::discover(&canonical).ok_or_else(|| Error::NoRepository { dir: dir.clone() })?;
            let git = Git::at(&repository.top);
            let folder = canonical.strip_prefix(&repository.top).unwrap_or(Path::new(""));
            let folder = folder.to_string_lossy().replace('\\', "/");
            let rules = Rules { exclude: exclude(scope, &at), ..Rules::default() };
            let tree = tree(&git)?;
            tracked.add(&git, &tree, &folder, &at, &rules)?;
            if let Tree::Commit(commit) = tree {
                self.revision.get_or_insert(commit);
            }
        }
        self.entries = tracked.entries;
        self.left_out = tracked.left_out;
        self.kept = tracked.kept;
        self.problems = tracked.problems;
        self.repositories = tracked.repositories;
        Ok(())
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The commit that the content comes from, if it comes from one.
    pub fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
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

    /// Where on disk the entry with `path` is, in the root that it was found in.
    pub(crate) fn disk_path(&self, root: u16, path: &EntryPath) -> PathBuf {
        let root = &self.roots[usize::from(root)];
        root.dir.join(&path.as_str()[root.at.len()..])
    }

    /// Which rule puts `path` in or out: the path itself, or a folder above it.
    pub fn why(&self, path: &str) -> Option<Why> {
        let path = path.trim_end_matches('/').trim_start_matches("./");
        let above: Vec<&str> = path.match_indices('/').map(|(end, _)| &path[..end]).chain([path]).collect();
        let find = |list: &[LeftOut], wanted: &str| {
            list.iter().find(|found| found.path.trim_end_matches('/') == wanted).cloned()
        };
        if let Some(decided) = above.iter().find_map(|part| find(&self.left_out, part)) {
            return Some(Why { path: path.to_owned(), ships: false, decided });
        }
        if !self.has(path) {
            return None;
        }
        let kept = above.iter().rev().find_map(|part| find(&self.kept, part));
        let decided = kept.unwrap_or_else(|| LeftOut { path: path.to_owned(), reason: Reason::Default });
        Some(Why { path: path.to_owned(), ships: true, decided })
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

    /// What ships, by reading all of it and writing nothing.
    pub fn manifest(&self, errand: &Errand<'_>) -> Result<Manifest, Error> {
        self.sound()?;
        let known = Known::nothing(self);
        let packed = pack(self, &known.sealed, None, Sink::Nowhere, errand)?;
        Ok(Manifest::new(packed.digest, &self.entries, &packed.sealed))
    }

    /// What is in the bundle that this plan has just become.
    pub fn manifest_of(&self, bundle: &Bundle) -> Manifest {
        Manifest::new(bundle.digest, &self.entries, &bundle.sealed)
    }

    /// Make the bundle.
    pub fn write(&self, output: &Output, errand: &Errand<'_>) -> Result<Bundle, Error> {
        self.sound()?;
        if let Output::File(path) = output {
            self.refuse_inside(path)?;
        }
        let trust = errand.cache.map(|(_, trust)| trust);
        let cache = errand.cache.and_then(|(dir, _)| Cache::load(dir));
        let mut known = cache.as_ref().map_or_else(|| Known::nothing(self), |cache| cache.known(self));
        if let Some((dir, Trust::Believe)) = errand.cache {
            known.settle(self, dir)?;
        }
        if let (Some(cache), Some(Trust::Believe)) = (&cache, trust)
            && known.is_everything()
        {
            return self.reuse(cache, known, output, errand);
        }
        let mut draft = Draft::create(output, errand.interrupt)?;
        let started = match known.started {
            Some(earlier) => earlier,
            None => draft.started()?,
        };
        let (believed, old) = match trust {
            Some(Trust::Prove) => (Known::nothing(self), None),
            _ => (known.clone(), cache.as_ref().map(|cache| &cache.zip)),
        };
        let packed = pack(self, &believed.sealed, old, Sink::Draft(&mut draft), errand)?;
        if let (Some(cache), Some(Trust::Prove)) = (&cache, trust) {
            cache.prove(self, &known, &packed.sealed, &draft.file)?;
        }
        let path = output.path(&packed.digest);
        draft.publish(&path)?;
        if matches!(output, Output::Labelled { .. }) && errand.cache.is_some() {
            // A cache that cannot be written is none; the bundle is there all the same.
            let _ = cache::save(&path, &packed.digest, self, &packed.sealed, started);
        }
        let Packed { digest, bytes, mut notes, sealed } = packed;
        notes.extend(self.dangling_links());
        let (entries, reused) = (self.entries.len(), believed.count());
        Ok(Bundle { path, digest, bytes, entries, notes, reused, unchanged: false, sealed })
    }

    /// The previous bundle is the one that is asked for.
    fn reuse(&self, cache: &Cache, known: Known, output: &Output, errand: &Errand<'_>) -> Result<Bundle, Error> {
        let sealed: Vec<Sealed> = known.sealed.into_iter().flatten().collect();
        let mut review = Review::new(self);
        for (entry, sealed) in self.entries.iter().zip(&sealed) {
            review.look_at(entry, sealed.traits);
        }
        let mut notes = review.finish()?;
        if cache.bytes > errand.max_bytes {
            return Err(Error::TooLarge { size: cache.bytes, limit: errand.max_bytes, largest: self.largest(5) });
        }
        let (digest, path) = (cache.digest, output.path(&cache.digest));
        let unchanged = path == cache.path;
        if !unchanged {
            let mut draft = Draft::create(output, errand.interrupt)?;
            draft.copy(&cache.zip, 0, cache.bytes)?;
            draft.publish(&path)?;
        } else if let Some(started) = known.started {
            // What was read again need not be the next time.
            let _ = cache::save(&path, &digest, self, &sealed, started);
        }
        notes.extend(self.dangling_links());
        let entries = self.entries.len();
        Ok(Bundle { path, digest, bytes: cache.bytes, entries, notes, reused: entries, unchanged, sealed })
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
            Origin::Disk { .. } | Origin::Blob { .. } => false,
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

/// The project itself, and what is mapped in.
fn folders(scope: &Scope) -> Vec<(String, PathBuf)> {
    let included =
        scope.include.iter().map(|include| (format!("{}/", include.at.trim_matches('/')), include.dir.clone()));
    std::iter::once((String::new(), scope.root.clone())).chain(included).collect()
}

/// `[bundle] exclude` speaks of paths in the bundle, wherever they come from.
fn exclude(scope: &Scope, at: &str) -> Option<RuleFile> {
    let text = scope.exclude.join("\n");
    (!text.is_empty()).then(|| RuleFile::above("[bundle] exclude", at.to_owned(), text.as_bytes()))
}

fn global_excludes(path: &Path) -> Result<Option<RuleFile>, Error> {
    match fs::read(path) {
        Ok(text) => Ok(Some(RuleFile::inside(&path.to_string_lossy(), "", &text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
    }
}

fn eb_cli_file(dir: &Path) -> Result<Option<RuleFile>, Error> {
    let path = dir.join(".ebignore");
    match fs::read(&path) {
        Ok(text) => Ok(Some(RuleFile::inside(".ebignore", "", &text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read { path, source }),
    }
}

/// How many threads work. It shows in no byte of the result.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(16)
}
