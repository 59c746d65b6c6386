//! The decision: which files ship, from where, and what was left out.

use std::io;
use std::path::{Path, PathBuf};

use crate::bundle::entry::EntryPath;
use crate::bundle::error::{Error, Problem, unreadable};
use crate::file;
use crate::git::repository::Repository;
use crate::git::{Git, Tree};
use crate::secret::Kind;
use crate::world::real_path;

use super::bracket::Case;
use super::disk::Disk;
use super::origin::{Entry, Origin};
use super::recorded::{Recorded, Recording};
use super::rules::{EbCli, LeftOut, Reason, RuleFile, Rules};
use super::scope::{IgnoreMode, Include, Scope, Source};
use super::staged::Staged;
use super::tracked::Tracked;
use super::walk::{Found, FoundKind, walk};

/// Which files ship. Sorted by the bytes of their paths.
#[derive(Debug)]
pub struct Plan {
    pub(crate) root: PathBuf,
    source: Source,
    revision: Option<String>,
    roots: Vec<Root>,
    pub(crate) repositories: Vec<Git>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) left_out: Vec<LeftOut>,
    /// Paths that a `!pattern` keeps in, or git.
    pub(crate) kept: Vec<LeftOut>,
    /// Files that git ignores and does not track, and that a `!pattern` brings in.
    pub(crate) brought_in: Vec<String>,
    /// Files of the project that git tracks.
    pub(crate) staged: Option<Staged>,
    pub(crate) scope: Scope,
    pub(crate) problems: Vec<Problem>,
    /// Files that may be secrets by their names.
    pub(crate) suspicious: Vec<(EntryPath, Kind)>,
    allow: RuleFile,
}

/// A folder on disk, and where in the bundle it is: empty, or ending with a slash.
#[derive(Debug)]
struct Root {
    at: String,
    disk: Disk,
}

impl Plan {
    /// Find out what ships. What would keep the bundle from being made is in [`Plan::problems`].
    pub fn read(scope: &Scope) -> Result<Self, Error> {
        refuse_outside(scope)?;
        let allow = RuleFile::inside("[bundle] allow", "", scope.allow.join("\n").as_bytes(), Case::Exact);
        let mut plan = Self {
            root: scope.root.clone(),
            source: scope.source.clone(),
            revision: None,
            roots: Vec::new(),
            repositories: Vec::new(),
            entries: Vec::new(),
            left_out: Vec::new(),
            kept: Vec::new(),
            brought_in: Vec::new(),
            staged: None,
            scope: scope.clone(),
            problems: Vec::new(),
            suspicious: Vec::new(),
            allow,
        };
        plan.problems.extend(plan.allow.problems());
        match &scope.source {
            Source::Worktree => plan.read_folders(scope)?,
            Source::Index => plan.read_git(scope, &|_| Ok(Tree::Index))?,
            Source::Revision(name) => plan.read_git(scope, &|git| Ok(Tree::Commit(git.commit(name)?)))?,
        }
        // What a walk brings home is sorted, and this sort sees it.
        plan.entries.sort_by(|one, other| one.path.cmp(&other.path));
        plan.left_out.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        plan.brought_in.sort_unstable();
        plan.kept.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        plan.find_clashes();
        plan.find_secret_names();
        // A rule that holds for several folders has its problem in each.
        plan.problems.sort_unstable();
        plan.problems.dedup();
        Ok(plan)
    }

    fn read_folders(&mut self, scope: &Scope) -> Result<(), Error> {
        for (at, dir) in folders(scope) {
            let repository = Repository::discover(&dir);
            let rules = rules(scope, &at, &dir, repository.as_ref())?;
            self.problems.extend(rules.problems());
            let root = u16::try_from(self.roots.len()).expect("nobody includes so many folders");
            let disk = Disk::open(&dir).map_err(|source| match source.kind() {
                io::ErrorKind::NotFound if !at.is_empty() => {
                    Error::IncludedFromNowhere { at: at.trim_end_matches('/').to_owned(), dir: dir.clone() }
                }
                _ => unreadable(dir.clone(), source),
            })?;
            let mut staged = staged(&dir, repository.as_ref())?;
            let mut walked = walk(&disk, &at, &rules, staged.as_ref())?;
            for path in written_below(scope, &dir) {
                let path = format!("{at}{path}");
                let before = walked.found.len();
                walked.found.retain(|found| found.path.as_str() != path);
                if walked.found.len() < before {
                    self.left_out.push(LeftOut { path, reason: Reason::Output });
                }
            }
            let recorded = repository.as_ref().and_then(|repository| Recorded::of(repository, staged.as_ref()));
            self.entries.reserve(walked.found.len());
            for Found { path, kind } in walked.found {
                let origin = match (kind, &recorded) {
                    (FoundKind::Link(target), _) => Origin::Link(target),
                    (FoundKind::File(stamp), None) => Origin::Disk { root, stamp, executable: stamp.executable },
                    (FoundKind::File(stamp), Some(recorded)) => {
                        match recorded.origin(&disk, root, &path, &path.as_str()[at.len()..], stamp)? {
                            Recording::Ships(origin) => origin,
                            Recording::Refused(problem) => {
                                self.problems.push(problem);
                                continue;
                            }
                        }
                    }
                };
                self.entries.push(Entry { path, origin });
            }
            if self.roots.is_empty() {
                self.staged = staged.take();
            }
            self.roots.push(Root { at, disk });
            self.left_out.append(&mut walked.left_out);
            self.kept.append(&mut walked.kept);
            self.brought_in.append(&mut walked.brought_in);
            self.problems.append(&mut walked.problems);
        }
        Ok(())
    }

    fn read_git(&mut self, scope: &Scope, tree: &dyn Fn(&Git) -> Result<Tree, Error>) -> Result<(), Error> {
        let mut tracked = Tracked::default();
        for (at, dir) in folders(scope) {
            let canonical = real_path(&dir).map_err(|source| Error::Read { path: dir.clone(), source })?;
            let repository =
                Repository::discover(&canonical).ok_or_else(|| Error::NoRepository { dir: dir.clone() })?;
            let git = Git::reading(&repository)?;
            let folder = canonical.strip_prefix(&repository.top).unwrap_or(Path::new(""));
            let folder = folder.to_string_lossy().replace('\\', "/");
            let case = repository.case();
            let rules = Rules { exclude: exclude(scope, &at, case), case, ..Rules::default() };
            self.problems.extend(rules.problems());
            let tree = tree(&git)?;
            tracked.add(&git, &tree, &folder, &at, &rules)?;
            if let Tree::Commit(commit) = tree {
                self.revision.get_or_insert(commit);
            }
        }
        self.entries = tracked.entries;
        self.left_out = tracked.left_out;
        self.kept = tracked.kept;
        self.problems.append(&mut tracked.problems);
        self.repositories = tracked.repositories;
        Ok(())
    }

    /// The rule that leaves `path` out, or a folder above it.
    pub(crate) fn rule_against(&self, path: &str) -> Option<&LeftOut> {
        let find = |wanted: &str| {
            let at = self.left_out.partition_point(|out| out.path.as_str() < wanted);
            self.left_out.get(at).filter(|out| out.path.trim_end_matches('/') == wanted.trim_end_matches('/'))
        };
        let folders = path.match_indices('/').map(|(end, _)| &path[..=end]);
        folders.chain([path]).find_map(find)
    }

    /// Tracked paths that no bundle has because of their names, as somebody may not expect. Of files of our own, and of the EB
    /// CLI's, which leaves them out itself, everybody expects it.
    pub fn tracked_that_never_ship(&self) -> Vec<&LeftOut> {
        let Some(staged) = &self.staged else { return Vec::new() };
        let of_tools = |path: &str| {
            path.starts_with("environments/") || path.contains(".beansprout") || path.ends_with(".elasticbeanstalk/")
        };
        let never = self.left_out.iter().filter(|out| match &out.reason {
            Reason::Never { .. } => !of_tools(&out.path),
            reason => *reason == Reason::VirtualEnvironment,
        });
        let tracked = never.filter(|out| match out.path.ends_with('/') {
            true => staged.has_below(out.path.as_bytes()),
            false => staged.has(out.path.as_bytes()),
        });
        tracked.collect()
    }

    /// Where the folders are that are mapped in: paths in the bundle that end with a slash.
    pub(crate) fn mapped_in(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().skip(1).map(|root| root.at.as_str())
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries themselves. Two plans of one project whose entries differ have other content.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Where on disk the file at `path` is, if it comes from a disk.
    pub fn place(&self, path: &str) -> Option<PathBuf> {
        let at = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()?;
        match &self.entries[at].origin {
            Origin::Disk { root, .. } => {
                let (disk, path) = self.on_disk(*root, &self.entries[at].path);
                Some(disk.path(path))
            }
            Origin::Link(_) | Origin::Blob { .. } => None,
        }
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

    /// Problems that keep the bundle from being made, as far as names show it. Contents are looked at when they are read.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Bytes of content.
    pub fn size(&self) -> u64 {
        self.entries.iter().map(Entry::size).sum()
    }

    /// Where on disk the entry with `path` is: the root that it was found in, and the path from there.
    pub(crate) fn on_disk<'a>(&'a self, root: u16, path: &'a EntryPath) -> (&'a Disk, &'a str) {
        let root = &self.roots[usize::from(root)];
        (&root.disk, &path.as_str()[root.at.len()..])
    }

    /// May a file that looks like a secret ship all the same?
    pub(crate) fn allows(&self, path: &EntryPath) -> bool {
        let path = path.as_str();
        let folders = path.match_indices('/').map(|(end, _)| (&path[..end], true));
        folders
            .chain([(path, false)])
            .filter_map(|(path, is_directory)| self.allow.find_index(path.as_bytes(), is_directory))
            .next_back()
            .is_some_and(|index| !self.allow.rule(index).keeps())
    }

    /// Can the bundle be made, as far as names show it?
    pub fn check(&self) -> Result<(), Error> {
        if !self.problems.is_empty() {
            return Err(Error::Problems { problems: self.problems.clone() });
        }
        if self.entries.is_empty() {
            return Err(Error::Empty { root: self.root.clone() });
        }
        Ok(())
    }

    /// Is there an entry at `path`, or a folder of entries?
    pub(crate) fn has(&self, path: &str) -> bool {
        if path.is_empty() {
            return true;
        }
        let after = self.entries.partition_point(|entry| entry.path.as_str() < path);
        let below = format!("{path}/");
        let exact = self.entries.get(after).is_some_and(|entry| entry.path.as_str() == path);
        let start = self.entries.partition_point(|entry| entry.path.as_str() < below.as_str());
        exact || self.entries.get(start).is_some_and(|entry| entry.path.as_str().starts_with(&below))
    }
}

/// A repository may not name folders of whoever packages it: only they themselves let such a one in.
fn refuse_outside(scope: &Scope) -> Result<(), Error> {
    if scope.include_outside || scope.include.is_empty() {
        return Ok(());
    }
    let top = Repository::discover(&scope.root).map_or_else(|| scope.root.clone(), |repository| repository.top);
    let Ok(real_top) = real_path(&top) else { return Ok(()) };
    for Include { at, dir } in &scope.include {
        // What is not there is said where it is read.
        let Ok(dir) = real_path(dir) else { continue };
        if !dir.starts_with(&real_top) {
            return Err(Error::IncludedFromOutside { at: at.clone(), dir, top: real_top });
        }
    }
    Ok(())
}

/// The project itself, and what is mapped in.
pub(super) fn folders(scope: &Scope) -> Vec<(String, PathBuf)> {
    let included =
        scope.include.iter().map(|include| (format!("{}/", include.at.trim_matches('/')), include.dir.clone()));
    std::iter::once((String::new(), scope.root.clone())).chain(included).collect()
}

/// Rules about a work tree's folder `dir`, which is at `at` in the bundle, but for those of files in it.
pub(super) fn rules(scope: &Scope, at: &str, dir: &Path, repository: Option<&Repository>) -> Result<Rules, Error> {
    let case = repository.map_or(Case::Exact, Repository::case);
    let mut rules = Rules { exclude: exclude(scope, at, case), case, ..Rules::default() };
    match scope.ignore {
        IgnoreMode::Git => {
            if let Some(path) = &scope.global_excludes {
                rules.outside.extend(global_excludes(path, case)?);
            }
            if let Some(repository) = repository {
                rules.outside.extend(repository.outside_rules(dir, case)?);
            }
        }
        IgnoreMode::EbCli => rules.eb_cli = Some(EbCli { file: eb_cli_file(dir, case)? }),
    }
    Ok(rules)
}

/// What git tracks of a work tree's folder `dir`.
pub(super) fn staged(dir: &Path, repository: Option<&Repository>) -> Result<Option<Staged>, Error> {
    match repository {
        Some(repository) => Staged::of(dir, repository),
        None => Ok(None),
    }
}

/// Files below `dir` that this run writes: they would change while they are read.
fn written_below(scope: &Scope, dir: &Path) -> Vec<String> {
    if scope.written.is_empty() {
        return Vec::new();
    }
    let Ok(dir) = real_path(dir) else { return Vec::new() };
    let below = scope.written.iter().filter_map(|path| path.strip_prefix(&dir).ok());
    below.map(|path| path.to_string_lossy().replace('\\', "/")).collect()
}

/// `[bundle] exclude` speaks of paths in the bundle, wherever they come from.
fn exclude(scope: &Scope, at: &str, case: Case) -> Option<RuleFile> {
    let text = scope.exclude.join("\n");
    (!text.is_empty()).then(|| RuleFile::above("[bundle] exclude", at.to_owned(), text.as_bytes(), case))
}

fn global_excludes(path: &Path, case: Case) -> Result<Option<RuleFile>, Error> {
    Ok(file::read_if_there(path)?.map(|text| RuleFile::inside(&path.to_string_lossy(), "", &text, case)))
}

fn eb_cli_file(dir: &Path, case: Case) -> Result<Option<RuleFile>, Error> {
    let path = dir.join(".ebignore");
    Ok(file::read_if_there(&path)?.map(|text| RuleFile::inside(".ebignore", "", &text, case)))
}
