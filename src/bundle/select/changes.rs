//! State of the work tree around a project against its last commit: of what ships, and of what should.
//!
//! Told without git where that can be: the walk of a [`Plan`] has looked at every file, and the index says how the files
//! were when git last did. What differs is read and compared with the name that the index has for its content. git's
//! filters are programs that a repository names, so they are not run: what they may have changed counts as changed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::bundle::error::{Error, unreadable};
use crate::bundle::threads::threads;
use crate::git::head::Head;
use crate::git::index::{Entry as IndexEntry, Seen};
use crate::git::repository::Repository;
use crate::git::{self, Git, ItemMode};

use super::blob_name::{name_of, name_of_file};
use super::disk::Stamp;
use super::origin::{Entry, Origin};
use super::plan::Plan;
use super::scope::{IgnoreMode, Scope, Source};
use super::staged::Staged;

/// The state of a work tree against its last commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Checkout {
    /// The commit; none before the first.
    pub revision: Option<String>,
    /// Files that were changed, added or deleted since. What no bundle would have does not count.
    pub changes: usize,
    /// Files that git ignores, and that ship because the project says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub brought_in: Vec<String>,
    /// Tracked files that are not there, as it was asked of git (`sparse-checkout`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sparse: Vec<String>,
    /// Submodules that are not checked out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_submodules: Vec<String>,
    /// Files among the changes that may be as committed: only git's filters could tell, and they are not run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filtered: Vec<String>,
}

impl Checkout {
    /// Begin to find out how the work tree around `dir` stands.
    pub fn start(dir: &Path) -> PendingCheckout {
        PendingCheckout(Repository::discover(dir).map(|repository| Question { dir: dir.to_owned(), repository }))
    }

    /// The file that `core.excludesFile` names.
    pub fn global_excludes() -> Option<PathBuf> {
        Git::global_excludes()
    }
}

/// A question about a work tree; none outside of a repository.
pub struct PendingCheckout(Option<Question>);

struct Question {
    dir: PathBuf,
    repository: Repository,
}

/// With fewer entries than this, another thread costs more than it brings.
const WORTH: usize = 2000;

impl PendingCheckout {
    /// Compare with what the walk has found. None outside of a repository, in one that ignores the folder, and in one that
    /// only git can read, where there is no git.
    pub fn compare(self, plan: &Plan) -> Result<Option<Checkout>, Error> {
        match self.compared(plan) {
            Err(Error::Git(git::Error::Missing { .. })) => Ok(None),
            answer => answer,
        }
    }

    fn compared(self, plan: &Plan) -> Result<Option<Checkout>, Error> {
        let Some(Question { dir, repository }) = self.0 else { return Ok(None) };
        let walked;
        let of_git = if *plan.source() == Source::Worktree && plan.scope.ignore == IgnoreMode::Git {
            plan
        } else {
            let scope = Scope { source: Source::Worktree, ignore: IgnoreMode::Git, ..plan.scope.clone() };
            walked = Plan::read(&scope)?;
            &walked
        };
        let nothing_tracked = of_git.staged.as_ref().is_none_or(|staged| !staged.has_below(b""));
        if dir != repository.top && nothing_tracked && repository.ignores(&dir)? {
            return Ok(None);
        }
        let mut checkout = Comparison::new(of_git, Head::of(&repository)?).finish()?;
        if plan.scope.ignore == IgnoreMode::EbCli && *plan.source() == Source::Worktree {
            let ships = |path: &str| of_git.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).is_ok();
            let tracked = |path: &str| of_git.staged.as_ref().is_some_and(|staged| staged.has(path.as_bytes()));
            let paths = plan.entries.iter().map(|entry| entry.path.as_str());
            checkout.brought_in = paths.filter(|path| !ships(path) && !tracked(path)).map(str::to_owned).collect();
        }
        Ok(Some(checkout))
    }

    /// The same, while `work` is done.
    pub fn compare_during<T>(self, plan: &Plan, work: impl FnOnce() -> T) -> (Result<Option<Checkout>, Error>, T) {
        if plan.entries.len() < WORTH {
            return (self.compare(plan), work());
        }
        std::thread::scope(|scope| {
            let compared = scope.spawn(|| self.compare(plan));
            let done = work();
            (compared.join().expect("the comparison does not panic"), done)
        })
    }
}

/// Comparison of the walk's files with an index, and of the index with a commit.
struct Comparison<'a> {
    plan: &'a Plan,
    head: Option<Head>,
    checkout: Checkout,
    changed: BTreeSet<String>,
    /// For each entry of the plan: does git track it?
    tracked: Vec<bool>,
    /// Entries whose files have to be read, with the name that the index has for the content.
    suspects: Vec<Suspect<'a>>,
}

struct Suspect<'a> {
    entry: &'a Entry,
    id: &'a [u8],
    repository: &'a Repository,
    /// From the bundle's top to the top of the repository's work tree, which is there or above it.
    at: String,
}

impl<'a> Comparison<'a> {
    fn new(plan: &'a Plan, head: Option<Head>) -> Self {
        let revision = head.as_ref().map(|head| head.commit.clone());
        let checkout = Checkout { revision, brought_in: plan.brought_in.clone(), ..Checkout::default() };
        let tracked = vec![false; plan.entries.len()];
        Self { plan, head, checkout, changed: BTreeSet::new(), tracked, suspects: Vec::new() }
    }

    fn finish(mut self) -> Result<Checkout, Error> {
        if let Some(staged) = &self.plan.staged {
            let commit = self.head.take();
            let commit = commit.as_ref().map(|head| (head.commit.as_str(), Some(head.tree.as_str())));
            self.compare(staged, "", commit)?;
        }
        for (entry, is_tracked) in self.plan.entries.iter().zip(std::mem::take(&mut self.tracked)) {
            let path = entry.path.as_str();
            let is_mapped_in = || self.plan.mapped_in().any(|at| path.starts_with(at));
            let is_brought_in =
                || self.checkout.brought_in.binary_search_by(|brought| brought.as_str().cmp(path)).is_ok();
            if !is_tracked && !is_mapped_in() && !is_brought_in() {
                self.changed.insert(path.to_owned());
            }
        }
        self.read_suspects()?;
        self.checkout.changes = self.changed.len();
        Ok(self.checkout)
    }

    /// Compare what is `staged` at `at` of the bundle with what the walk found there, and with `commit` and its tree.
    fn compare(&mut self, staged: &'a Staged, at: &str, commit: Option<(&str, Option<&str>)>) -> Result<(), Error> {
        // A file that changed within the same tick in which git wrote the index may look as git knows it.
        let written = fs::metadata(staged.repository.git_dir.join("index"));
        let written = written.map_or(i64::MIN, |metadata| Stamp::of(&metadata).modified);
        // Both are sorted, so one pass over both finds what is in both.
        let entries = &self.plan.entries;
        let mut next = entries.partition_point(|entry| entry.path.as_str() < at);
        for (path, entry) in staged.files() {
            let path = if at.is_empty() { Cow::Borrowed(path) } else { Cow::Owned(format!("{at}{path}")) };
            while entries.get(next).is_some_and(|found| found.path.as_str() < &*path) {
                next += 1;
            }
            let Some(found) = entries.get(next).filter(|found| found.path.as_str() == path) else {
                if self.plan.rule_against(&path).is_some() {
                    // No bundle would have it.
                } else if entry.skips_worktree() {
                    self.checkout.sparse.push(path.into_owned());
                } else {
                    self.changed.insert(path.into_owned());
                }
                continue;
            };
            self.tracked[next] = true;
            if entry.is_unmerged() || entry.is_to_be_added() {
                self.changed.insert(path.into_owned());
                continue;
            }
            match verdict(found, &entry, written) {
                Verdict::Same => {}
                Verdict::Changed => drop(self.changed.insert(path.into_owned())),
                Verdict::Suspect => {
                    let (repository, at) = (&staged.repository, at.to_owned());
                    self.suspects.push(Suspect { entry: found, id: entry.id, repository, at });
                }
            }
        }
        self.compare_commit(staged, at, commit)?;
        for submodule in &staged.submodules {
            let path = format!("{at}{}", submodule.at);
            if self.plan.rule_against(&path).is_some() {
                continue;
            }
            let Some(inner) = &submodule.staged else {
                self.checkout.missing_submodules.push(path);
                continue;
            };
            let head = Head::of(&inner.repository)?;
            if head.as_ref().is_none_or(|head| head.commit != submodule.commit) {
                self.changed.insert(path.trim_end_matches('/').to_owned());
            }
            let commit = head.as_ref().map(|head| (head.commit.as_str(), Some(head.tree.as_str())));
            self.compare(inner, &path, commit)?;
        }
        Ok(())
    }

    /// What is staged, and not committed.
    fn compare_commit(&mut self, staged: &Staged, at: &str, commit: Option<(&str, Option<&str>)>) -> Result<(), Error> {
        let Some((commit, tree)) = commit else {
            self.changed.extend(staged.files().map(|(path, _)| format!("{at}{path}")));
            return Ok(());
        };
        if tree.is_some() && staged.index.tree.as_deref() == tree {
            return Ok(());
        }
        let folder = staged.prefix.trim_end_matches('/');
        let git = Git::reading(&staged.repository)?;
        // A folder that is not in the commit has nothing in it.
        let items = match git.tree_of(commit, folder) {
            Ok(items) => items,
            Err(git::Error::Failed { .. }) if !folder.is_empty() => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let mut committed: BTreeMap<String, (ItemMode, Box<str>)> = BTreeMap::new();
        for item in items {
            committed.insert(String::from_utf8_lossy(&item.path).into_owned(), (item.mode, item.id));
        }
        for (path, entry) in staged.files() {
            let same = committed
                .remove(path)
                .is_some_and(|(mode, id)| mode == entry.mode && *id == *crate::hex::encode(entry.id));
            if !same && self.plan.rule_against(&format!("{at}{path}")).is_none() {
                self.changed.insert(format!("{at}{path}"));
            }
        }
        let is_submodule = |path: &str| staged.submodules.iter().any(|known| known.at.trim_end_matches('/') == path);
        for path in committed.into_keys().filter(|path| !is_submodule(path)) {
            let path = format!("{at}{path}");
            if self.plan.rule_against(&path).is_none() {
                self.changed.insert(path);
            }
        }
        Ok(())
    }

    /// Read what may have changed. What differs only as git's settings for line ends would make it differ has not changed.
    fn read_suspects(&mut self) -> Result<(), Error> {
        let suspects = std::mem::take(&mut self.suspects);
        let (next, plan) = (AtomicUsize::new(0), self.plan);
        let different: Mutex<Vec<&Suspect<'_>>> = Mutex::default();
        let work = || -> Result<(), Error> {
            while let Some(suspect) = suspects.get(next.fetch_add(1, Ordering::Relaxed)) {
                if !suspect.has_content(plan, LineEnds::AsTheyAre)? {
                    different.lock().unwrap_or_else(PoisonError::into_inner).push(suspect);
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads().min(suspects.len() / 16)).map(|_| scope.spawn(work)).collect();
            let own = work();
            others.into_iter().fold(own, |result, other| result.and(other.join().expect("a reader does not panic")))
        })?;
        let different = different.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut repositories: BTreeMap<&Path, Vec<&Suspect<'_>>> = BTreeMap::new();
        for suspect in different {
            repositories.entry(&suspect.repository.top).or_default().push(suspect);
        }
        for suspects in repositories.into_values() {
            self.convert(&suspects)?;
        }
        self.checkout.filtered.sort_unstable();
        Ok(())
    }

    /// Look at what differs with the eyes of git's conversions, as far as they are no programs.
    fn convert(&mut self, suspects: &[&Suspect<'_>]) -> Result<(), Error> {
        const CONVERSIONS: [&str; 5] = ["text", "eol", "filter", "ident", "working-tree-encoding"];
        let root = &self.plan.root;
        let git = Git::reading(suspects[0].repository)?;
        let paths: Vec<String> = suspects.iter().map(|suspect| suspect.path_from_top(root)).collect();
        let mut attributes: BTreeMap<String, Vec<[String; 2]>> = BTreeMap::new();
        for [path, name, value] in git.attributes(&CONVERSIONS, &paths)? {
            attributes.entry(path).or_default().push([name, value]);
        }
        let converts = git.setting("core.autocrlf").is_some_and(|value| !value.eq_ignore_ascii_case("false"));
        for (suspect, path) in suspects.iter().zip(&paths) {
            let attributes = attributes.get(path).map_or(&[][..], Vec::as_slice);
            let has = |wanted: &str| attributes.iter().any(|[name, _]| name == wanted);
            let ships = suspect.entry.path.to_string();
            if has("filter") || has("ident") || has("working-tree-encoding") {
                self.checkout.filtered.push(ships.clone());
                self.changed.insert(ships);
            } else if !(converts || has("text") || has("eol")) || !suspect.has_content(self.plan, LineEnds::Folded)? {
                self.changed.insert(ships);
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineEnds {
    AsTheyAre,
    /// CR LF is LF, as git commits it.
    Folded,
}

impl Suspect<'_> {
    fn path_from_top(&self, root: &Path) -> String {
        let path = self.entry.path.as_str();
        match path.strip_prefix(&*self.at).filter(|_| !self.at.is_empty()) {
            Some(inside) => inside.to_owned(),
            None => match self.repository.below_top(root).as_str() {
                "" => path.to_owned(),
                folder => format!("{folder}/{path}"),
            },
        }
    }

    /// Has its file the content that the index has a name for?
    fn has_content(&self, plan: &Plan, line_ends: LineEnds) -> Result<bool, Error> {
        let content = match &self.entry.origin {
            Origin::Link(target) => return Ok(*name_of(self.id.len(), target.as_bytes()) == *self.id),
            Origin::Blob { .. } => return Ok(false),
            Origin::Disk { root, stamp, .. } => {
                let (disk, path) = plan.on_disk(*root, &self.entry.path);
                if line_ends == LineEnds::AsTheyAre {
                    let name = name_of_file(self.id.len(), disk, path, stamp.size);
                    return Ok(*name.map_err(|source| unreadable(disk.path(path), source))? == *self.id);
                }
                let mut content = Vec::new();
                let read = disk.file(path).and_then(|mut file| file.read_to_end(&mut content));
                read.map_err(|source| unreadable(disk.path(path), source))?;
                content
            }
        };
        let mut folded = Vec::with_capacity(content.len());
        let mut bytes = content.iter().peekable();
        while let Some(byte) = bytes.next() {
            if *byte != b'\r' || bytes.peek() != Some(&&b'\n') {
                folded.push(*byte);
            }
        }
        Ok(*name_of(self.id.len(), &folded) == *self.id)
    }
}

enum Verdict {
    Same,
    Changed,
    /// Its content has to be read.
    Suspect,
}

/// Compare a file of the walk with the index, without reading it.
fn verdict(found: &Entry, entry: &IndexEntry<'_>, written: i64) -> Verdict {
    match &found.origin {
        Origin::Link(_) if entry.mode == ItemMode::Link => Verdict::Suspect,
        Origin::Disk { executable, .. } if *executable != (entry.mode == ItemMode::Executable) => Verdict::Changed,
        Origin::Disk { stamp, .. } if entry.mode != ItemMode::Link => {
            let same = entry.seen.is_some_and(|seen| Seen::of(stamp) == seen) && stamp.modified < written;
            if same { Verdict::Same } else { Verdict::Suspect }
        }
        _ => Verdict::Changed,
    }
}

impl Seen {
    /// The part of a state that git keeps, cut off to 32 bits as it does.
    fn of(stamp: &Stamp) -> Self {
        const SECOND: i64 = 1_000_000_000;
        let time = |time: i64| (time.div_euclid(SECOND) as u32, time.rem_euclid(SECOND) as u32);
        Self {
            changed: time(stamp.changed),
            modified: time(stamp.modified),
            inode: stamp.inode as u32,
            size: stamp.size as u32,
        }
    }
}
