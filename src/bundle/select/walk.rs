//! The files of a folder that ship, found by walking it.
//!
//! Folders are read by as many threads as there are cores; the result does not depend on who was first. A folder that is
//! left out is not entered, so an ignored `node_modules` costs one name.

use std::io::{ErrorKind, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::bundle::entry::{BadName, EntryPath, inside};
use crate::bundle::error::{Error, Problem, ProblemKind, unreadable};
use crate::bundle::threads::threads;
use crate::git::repository::Repository;

use super::disk::{Disk, Kind, Names, Stamp};
use super::environment;
use super::never::never;
use super::rules::{Inherited, LeftOut, Reason, Rule, RuleFile, RuleStack, Rules};
use super::staged::Staged;

/// A file or link that ships.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: EntryPath,
    pub(crate) kind: FoundKind,
}

#[derive(Debug)]
pub(crate) enum FoundKind {
    File(Stamp),
    Link(Box<str>),
}

/// Result of a walk.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) found: Vec<Found>,
    pub(crate) left_out: Vec<LeftOut>,
    /// Paths that a `!pattern` keeps in, or git.
    pub(crate) kept: Vec<LeftOut>,
    /// Files that git ignores and does not track, and that a `!pattern` brings in.
    pub(crate) brought_in: Vec<String>,
    pub(crate) problems: Vec<Problem>,
}

struct Folder {
    /// Relative to the root: empty, or ending with a slash.
    path: String,
    level: Arc<RuleStack>,
    inherited: Inherited,
    standing: Standing,
}

impl Folder {
    fn top() -> Self {
        Self { path: String::new(), level: Arc::default(), inherited: None, standing: Standing::Plain }
    }
}

/// Standing of a folder with git, and so of what is in it.
#[derive(Debug, Clone)]
enum Standing {
    Plain,
    /// git ignores it, and a `!pattern` of ours brings it in.
    BroughtIn,
    /// git ignores it and yet tracks something in it: that ships, and the rest stays out for this reason.
    TrackedOnly(Arc<Reason>),
}

/// Decision about a path that is in.
struct Judged {
    inherited: Inherited,
    standing: Standing,
    /// Rule that keeps it in, if one does.
    kept: Option<Reason>,
}

/// Folders that wait for a worker with nothing to do, and how many have something.
struct Queue {
    waiting: Vec<Folder>,
    busy: usize,
    failed: bool,
}

/// Walk `disk` by `rules`, for a bundle in which it is at `at` (empty, or ending with a slash). git's rules hold for what is
/// not `staged`. What is found is sorted.
pub(crate) fn walk(disk: &Disk, at: &str, rules: &Rules, staged: Option<&Staged>) -> Result<Walked, Error> {
    let walker = Walker::new(disk, at, rules, staged);
    let mut scratch = Scratch { below: vec![Folder::top()], ..Scratch::default() };
    let mut names = Names::default();
    // In a small project there is nothing for others to do.
    while let Some(folder) = scratch.below.pop() {
        walker.read(&folder, &mut names, &mut scratch)?;
        if scratch.below.len() >= ALONE {
            break;
        }
    }
    let threads = if scratch.below.is_empty() { 1 } else { threads() };
    walker.queue.lock().unwrap_or_else(PoisonError::into_inner).busy = threads;
    let results: Vec<Result<Walked, Error>> = std::thread::scope(|scope| {
        let work = || walker.work(Scratch::default(), Names::default());
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let own = walker.work(scratch, names);
        let others = workers.into_iter().map(|worker| worker.join().expect("a walker does not panic"));
        std::iter::once(own).chain(others).collect()
    });
    let mut all = Walked::default();
    for result in results {
        let mut walked = result?;
        all.found.append(&mut walked.found);
        all.left_out.append(&mut walked.left_out);
        all.kept.append(&mut walked.kept);
        all.brought_in.append(&mut walked.brought_in);
        all.problems.append(&mut walked.problems);
    }
    // Each worker sorted its own: what is left is a merge.
    all.found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(all)
}

/// Would such a walk find a file at `relative`, if there were one?
pub(crate) fn would_ship(
    disk: &Disk,
    at: &str,
    rules: &Rules,
    staged: Option<&Staged>,
    relative: &str,
) -> Result<bool, Error> {
    Walker::new(disk, at, rules, staged).would_ship(relative)
}

struct Walker<'a> {
    disk: &'a Disk,
    at: &'a str,
    rules: &'a Rules,
    staged: Option<&'a Staged>,
    queue: Mutex<Queue>,
    wakeup: Condvar,
    /// Workers that wait for folders.
    idle: AtomicUsize,
}

/// With so many folders before it, a walk becomes work for several.
const ALONE: usize = 8;

/// Memory of a worker, used again for every folder.
#[derive(Default)]
struct Scratch {
    walked: Walked,
    /// Folders that were found, and not yet read.
    below: Vec<Folder>,
    path: String,
}

impl<'a> Walker<'a> {
    fn new(disk: &'a Disk, at: &'a str, rules: &'a Rules, staged: Option<&'a Staged>) -> Self {
        let queue = Mutex::new(Queue { waiting: Vec::new(), busy: 0, failed: false });
        Self { disk, at, rules, staged, queue, wakeup: Condvar::new(), idle: AtomicUsize::new(0) }
    }

    fn work(&self, mut scratch: Scratch, mut names: Names) -> Result<Walked, Error> {
        while let Some(folder) = scratch.below.pop().or_else(|| self.take()) {
            if let Err(error) = self.read(&folder, &mut names, &mut scratch) {
                self.queue.lock().unwrap_or_else(PoisonError::into_inner).failed = true;
                self.wakeup.notify_all();
                return Err(error);
            }
            if scratch.below.len() > 1 && self.idle.load(Ordering::Relaxed) > 0 {
                // The oldest are nearest to the top, and have the most below them.
                let half = scratch.below.len() / 2;
                self.queue.lock().unwrap_or_else(PoisonError::into_inner).waiting.extend(scratch.below.drain(..half));
                self.wakeup.notify_all();
            }
        }
        scratch.walked.found.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        Ok(scratch.walked)
    }

    /// A folder from another worker; none when all have been read.
    fn take(&self) -> Option<Folder> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.busy -= 1;
        loop {
            if queue.failed {
                return None;
            }
            if let Some(folder) = queue.waiting.pop() {
                queue.busy += 1;
                return Some(folder);
            }
            if queue.busy == 0 {
                self.wakeup.notify_all();
                return None;
            }
            self.idle.fetch_add(1, Ordering::Relaxed);
            queue = self.wakeup.wait(queue).unwrap_or_else(PoisonError::into_inner);
            self.idle.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn read(&self, folder: &Folder, names: &mut Names, scratch: &mut Scratch) -> Result<(), Error> {
        let path_of = |name: &str| self.disk.path(&format!("{}{name}", folder.path));
        let open = self.disk.list(&folder.path, names).map_err(|source| unreadable(path_of(""), source))?;
        let walked = &mut scratch.walked;
        let Some(level) = self.level(folder, names, &mut walked.problems)? else {
            let path = format!("{}{}", self.at, folder.path);
            walked.left_out.push(LeftOut { path, reason: Reason::VirtualEnvironment });
            return Ok(());
        };
        for name in names.iter() {
            let is_directory = name.kind == Kind::Directory;
            let path = &mut scratch.path;
            path.clear();
            path.push_str(self.at);
            path.push_str(&folder.path);
            path.push_str(name.text);
            let whole = name.raw.map(|raw| [self.at.as_bytes(), folder.path.as_bytes(), raw].concat());
            let bytes = whole.as_deref().unwrap_or(path.as_bytes());
            let judged = match self.judge(folder, &level, path, bytes, is_directory) {
                Ok(judged) => judged,
                Err(reason) => {
                    let path = if is_directory { format!("{path}/") } else { path.clone() };
                    walked.left_out.push(LeftOut { path, reason });
                    continue;
                }
            };
            let Judged { inherited, standing, kept } = judged;
            if !is_directory && matches!(standing, Standing::BroughtIn) && !self.is_tracked(&bytes[self.at.len()..]) {
                walked.brought_in.push(path.clone());
            }
            walked.kept.extend(kept.map(|reason| LeftOut { path: path.clone(), reason }));
            if name.raw.is_some() {
                walked.problems.push(Problem::name(path.clone(), BadName::NotUtf8));
                continue;
            }
            if is_directory {
                let path = format!("{}{}/", folder.path, name.text);
                scratch.below.push(Folder { path, level: Arc::clone(&level), inherited, standing });
                continue;
            }
            let path = match EntryPath::new(path.as_str()) {
                Ok(path) => path,
                Err(bad) => {
                    walked.problems.push(Problem::name(path.clone(), bad));
                    continue;
                }
            };
            let failed = |source| unreadable(path_of(name.text), source);
            match name.kind {
                Kind::File => {
                    let stamp = open.stamp(name).map_err(failed)?;
                    walked.found.push(Found { path, kind: FoundKind::File(stamp) });
                }
                Kind::Link => {
                    let target = open.target(name).map_err(failed)?;
                    match inside(&path, &target) {
                        Some(target) => walked.found.push(Found { path, kind: FoundKind::Link(target) }),
                        None => walked.problems.push(Problem {
                            path: path.to_string(),
                            kind: ProblemKind::LinkOutside { target: target.to_string_lossy().into_owned() },
                        }),
                    }
                }
                Kind::Special(what) => {
                    walked.problems.push(Problem { path: path.to_string(), kind: ProblemKind::Special(what) });
                }
                Kind::Directory => unreachable!("folders are read later"),
            }
        }
        Ok(())
    }

    /// The rules that hold in `folder`, which has `names`; none in a virtual environment, of which nothing ships.
    fn level(
        &self,
        folder: &Folder,
        names: &Names,
        problems: &mut Vec<Problem>,
    ) -> Result<Option<Arc<RuleStack>>, Error> {
        if !folder.path.is_empty() && environment::is_one(self.disk, &folder.path, names) {
            return Ok(None);
        }
        let (mut eb, mut git, mut is_nested) = (None, None, false);
        for name in names.iter() {
            let is_file = name.kind == Kind::File;
            match name.text {
                ".ebignore" if is_file && self.rules.eb_cli.is_none() => eb = Some(self.rule_file(folder, name.text)?),
                ".gitignore" if is_file && self.rules.eb_cli.is_none() => {
                    git = Some(self.rule_file(folder, name.text)?)
                }
                // A folder, or the file of a submodule.
                ".git" => is_nested = !folder.path.is_empty(),
                _ => {}
            }
        }
        let exclude = if is_nested && self.rules.eb_cli.is_none() { self.nested_exclude(folder)? } else { None };
        problems.extend(eb.iter().chain(&git).chain(&exclude).flat_map(RuleFile::problems));
        Ok(Some(RuleStack::below(&RuleStack::below(&folder.level, None, exclude), eb, git)))
    }

    /// Would a file at `relative` ship, whether or not it is there?
    fn would_ship(&self, relative: &str) -> Result<bool, Error> {
        let mut folder = Folder::top();
        let mut names = Names::default();
        loop {
            let level = match self.disk.list(&folder.path, &mut names) {
                Ok(_) => match self.level(&folder, &names, &mut Vec::new())? {
                    Some(level) => level,
                    None => return Ok(false),
                },
                // A folder that is not there has no rules of its own.
                Err(error) if error.kind() == ErrorKind::NotFound => Arc::clone(&folder.level),
                Err(source) => return Err(unreadable(self.disk.path(&folder.path), source)),
            };
            let next = relative[folder.path.len()..].split_once('/').map(|(name, _)| format!("{}{name}", folder.path));
            let path = format!("{}{}", self.at, next.as_deref().unwrap_or(relative));
            let judged = self.judge(&folder, &level, &path, path.as_bytes(), next.is_some());
            match (judged, next) {
                (Err(_), _) => return Ok(false),
                (Ok(_), None) => return Ok(true),
                (Ok(Judged { inherited, standing, .. }), Some(path)) => {
                    folder = Folder { path: path + "/", level, inherited, standing };
                }
            }
        }
    }

    /// Why a child is out; or what holds for it. Its path is given as text and as it is.
    fn judge(
        &self,
        folder: &Folder,
        level: &RuleStack,
        path: &str,
        bytes: &[u8],
        is_directory: bool,
    ) -> Result<Judged, Reason> {
        if let Some(reason) = never(path) {
            return Err(reason);
        }
        let path = &bytes[self.at.len()..];
        let own = self.rules.find_own(level, path, is_directory);
        if let Some(rule) = own
            && !rule.keeps()
        {
            return Err(rule.reason());
        }
        if let Some(eb_cli) = &self.rules.eb_cli {
            let inherited = eb_cli.judge(path, is_directory, folder.inherited)?;
            return Ok(Judged { inherited, standing: Standing::Plain, kept: own.map(Rule::reason) });
        }
        let git = || self.rules.find_git(level, path, is_directory);
        if let Some(rule) = own {
            let ignored = !matches!(folder.standing, Standing::Plain) || git().is_some_and(|rule| !rule.keeps());
            let standing = if ignored { Standing::BroughtIn } else { Standing::Plain };
            return Ok(Judged { inherited: None, standing, kept: Some(rule.reason()) });
        }
        let rule = git();
        let reason = match (&folder.standing, rule) {
            (Standing::TrackedOnly(reason), _) => Reason::clone(reason),
            (_, Some(rule)) if !rule.keeps() => rule.reason(),
            (standing, rule) => {
                return Ok(Judged { inherited: None, standing: standing.clone(), kept: rule.map(Rule::reason) });
            }
        };
        // git ignores it, unless it tracks it.
        let is_tracked = if is_directory { self.has_tracked(path) } else { self.is_tracked(path) };
        if !is_tracked {
            return Err(reason);
        }
        let kept = Some(reason.clone().of_tracked());
        Ok(Judged { inherited: None, standing: Standing::TrackedOnly(Arc::new(reason)), kept })
    }

    fn is_tracked(&self, path: &[u8]) -> bool {
        self.staged.is_some_and(|staged| staged.has(path))
    }

    fn has_tracked(&self, folder: &[u8]) -> bool {
        self.staged.is_some_and(|staged| staged.has_below(&[folder, b"/"].concat()))
    }

    /// `info/exclude` of the repository whose work tree begins at `folder`, as of a submodule.
    fn nested_exclude(&self, folder: &Folder) -> Result<Option<RuleFile>, Error> {
        match Repository::at(&self.disk.path(folder.path.trim_end_matches('/'))) {
            Some(nested) => nested.exclude(&folder.path, self.rules.case),
            None => Ok(None),
        }
    }

    fn rule_file(&self, folder: &Folder, name: &str) -> Result<RuleFile, Error> {
        let relative = format!("{}{name}", folder.path);
        let mut text = Vec::new();
        let read = self.disk.file(&relative).and_then(|mut file| file.read_to_end(&mut text));
        read.map_err(|source| unreadable(self.disk.path(&relative), source))?;
        let name = format!("{}{}{name}", self.at, folder.path);
        Ok(RuleFile::inside(&name, &folder.path, &text, self.rules.case))
    }
}
